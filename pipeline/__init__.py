"""emr-ensembles: bagging, boosting and deep networks on one table, on Spark and Amazon EMR."""

__version__ = "0.1.0"

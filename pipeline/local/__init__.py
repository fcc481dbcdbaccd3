"""A Spark standalone cluster on this machine, from the Spark inside the pyspark package."""

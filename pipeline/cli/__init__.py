"""The command line: jobs for spark-submit, and `emr-ensembles` around them."""

"""`emr-ensembles emr`: clusters of EMR, from the first request to nothing left running."""

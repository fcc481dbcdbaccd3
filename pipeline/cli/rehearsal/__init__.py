"""`emr-ensembles rehearse`: the jobs as steps of EMR would run them, on this machine's Hadoop."""

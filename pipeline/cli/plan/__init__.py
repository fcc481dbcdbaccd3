"""`emr-ensembles plan`: what would run where on a cluster, and why it would fail."""

"""`emr-ensembles config init`: from a table to its config."""

"""Cluster files: what a cluster is made of, what may run on it, and how EMR is asked for it."""

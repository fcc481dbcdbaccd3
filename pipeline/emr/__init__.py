"""Clusters on Amazon EMR, and the Python environment that their nodes run."""

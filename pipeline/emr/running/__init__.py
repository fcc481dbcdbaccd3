"""Clusters of EMR that run: asked of its API, created, watched, ended."""

"""The packed Python environment of a node: built from the lock files, named by their hash."""

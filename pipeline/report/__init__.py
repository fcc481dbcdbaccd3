"""Compare trained models on the same rows, and write a report from which a person can choose."""

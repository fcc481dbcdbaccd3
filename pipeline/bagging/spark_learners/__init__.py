"""Replicas that Spark jobs train: any Spark ML estimator with a weight column as a learner."""

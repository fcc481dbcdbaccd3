"""What all trainers share: Spark ML params, the way of a fit, models, scoring, plain prediction."""

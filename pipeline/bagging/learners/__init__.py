"""What a replica is: XGBoost trees, an MXNet network, a scikit-learn estimator."""

"""AdaBoost: small trees that vote, each trained on what those before it got wrong."""

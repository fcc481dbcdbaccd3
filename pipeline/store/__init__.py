"""Where models and run records live, and how they are published whole."""

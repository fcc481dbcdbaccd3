"""EC2's GPU instance types: what each has, what can train on it, whether it can be launched."""

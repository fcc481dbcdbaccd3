"""Layers of networks. Imported on executors only: importing one loads MXNet."""

"""Layers of an encoder. They import MXNet: for executors only."""

"""The jobs, where they publish below their output URI, and which keys of a config are Spark's own.

Nothing heavy is imported: commands that only look at runs and models start at once.
"""

from __future__ import annotations

from pipeline import files

JOBS = ("prepare", "bag", "boost", "deep", "score", "report")
"""Their names, in their order."""

FREE_KEYS = ("spark", "source.options")
"""Sections whose keys are Spark's own, with dots in them."""


def model_uri(output: str, name: str) -> str:
    """Where a trainer's model is published."""
    return files.join(output, "models", name)


def report_uri(output: str) -> str:
    """Where the report is published."""
    return files.join(output, "report")


def data_uri(output: str) -> str:
    """Where the prepared table is published."""
    return files.join(output, "data")

"""Breiman's simulated-data tables, with this package's resampling; see `study`."""

from __future__ import annotations


def run(repeats: int | None = None) -> int:
    """Run the study; the papers' number of repetitions unless told otherwise."""
    from benchmarks.breiman import study

    return study.run(repeats)

"""How much memory a container has: Spark's own overhead, YARN's rounding."""

from __future__ import annotations

OVERHEAD_FACTOR = 0.1
"""Spark's default for `spark.*.memoryOverheadFactor`."""

_LEAST_OVERHEAD_MB = 384


def default_overhead_mb(heap_mb: int, factor: float = OVERHEAD_FACTOR) -> int:
    """MiB outside of the heap that Spark asks for where nobody says."""
    return max(int(heap_mb * factor), _LEAST_OVERHEAD_MB)


def rounded_up(memory_mb: int, increment_mb: int) -> int:
    """MiB as YARN gives them away: a multiple of its increment."""
    return -(-memory_mb // increment_mb) * increment_mb

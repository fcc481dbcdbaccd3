"""Numbers as networks take them: standardised, and 0 where they are missing."""

from __future__ import annotations

from typing import Any


def standardised(F: Any, numbers: Any, mean: Any, scale: Any) -> tuple[Any, Any]:  # noqa: N803
    """Standardised numbers, 0 where they are NaN, and a mask that is 1 where they are not.

    Parameters
    ----------
    F : module
        `mxnet.ndarray` or `mxnet.symbol`, as MXNet passes it.
    numbers, mean, scale : NDArray or Symbol
        What is standardised, what is subtracted from it, and what the rest is multiplied by; the
        last two can be broadcast to the first.
    """
    is_known = numbers == numbers
    standard = F.broadcast_mul(F.broadcast_sub(numbers, mean), scale)
    return F.where(is_known, standard, F.zeros_like(standard)), is_known

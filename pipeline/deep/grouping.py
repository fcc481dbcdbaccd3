"""An epoch's order in which the rows of a batch are of like length.

The rows are drawn as ever; those of some dozens of batches are then sorted and dealt to these
batches. Which batches get the short rows and which the long ones is the same on all ranks, so that
none waits for another's long rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.deep.inputs import InputLayout
from pipeline.deep.padded import Lengths, Padded
from pipeline.deep.sources import Rows

Order = npt.NDArray[np.integer[Any]]

# Rows of so many batches are sorted together: more would save little padding, and rows of one
# length would meet the same others again and again.
_POOL = 64


def lengths_of(rows: Rows, layout: InputLayout, padded: Padded) -> Lengths:
    """How long all rows of a rank are, shape (rows,)."""
    parts = [padded.lengths(layout.numbers(chunk)) for chunk in rows.matrices()]
    return np.concatenate(parts) if parts else np.zeros(0, np.int32)


def by_length(order: Order, lengths: Lengths, bounds: npt.NDArray[np.int64], turns: Order) -> Order:
    """Deal rows to batches by their length.

    Parameters
    ----------
    order : ndarray of int, shape (rows,)
        The rows as they were drawn.
    lengths : ndarray of int32, shape (rows,)
        By row number.
    bounds : ndarray of int64, shape (batches + 1,)
        Where in the order each batch begins, and where the last one ends.
    turns : ndarray of int, shape (batches,)
        The batches in an order that is drawn for all ranks.

    Returns
    -------
    ndarray of int, shape (rows,)
        Each row once, in batches of the same sizes.
    """
    sizes = np.diff(bounds)
    found = np.empty_like(order)
    done = 0
    for first in range(0, len(turns), _POOL):
        pool = turns[first : first + _POOL]
        many = int(sizes[pool].sum())
        drawn = order[done : done + many]
        own = drawn[np.argsort(lengths[drawn], kind="stable")]
        done += many
        end = 0
        for batch in pool:
            begin, end = end, end + int(sizes[batch])
            found[bounds[batch] : bounds[batch + 1]] = own[begin:end]
    return found

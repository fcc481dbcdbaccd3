"""What numbers look like over the rows of all ranks: mean and deviation, and what is far off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from pipeline.deep.communication import Communication, Doubles, Rank
from pipeline.deep.inputs import Floats, InputLayout
from pipeline.deep.sources import Rows

# Values that are summed at once, in float64.
_AT_ONCE = 4_000_000
_FAR_DEVIATIONS = 1_000.0
_SHOWN = 5


def standard(
    rows: Rows, layout: InputLayout, others: Communication, rank: Rank
) -> tuple[Floats, Floats]:
    """Mean and inverse deviation of each number; missing ones do not count.

    Returns
    -------
    tuple of ndarray of float32, shape (numeric,)
        An inverse deviation of 0 for a column without deviation.
    """
    count = len(layout.numeric)
    if not count:
        return np.zeros(0, np.float32), np.zeros(0, np.float32)
    totals = np.zeros((3, count))
    for numbers in _chunks(rows, layout):
        totals += [
            (~np.isnan(numbers)).sum(axis=0),
            np.nansum(numbers, axis=0),
            np.nansum(numbers**2, axis=0),
        ]
        rank.advance()
    known, total, squares = others.sum(totals.reshape(-1)).reshape(3, count)
    mean, deviation = moments(np.maximum(known, 1.0), total, squares)
    varies = deviation > 0
    scale = np.where(varies, 1.0 / np.where(varies, deviation, 1.0), 0.0)
    return mean.astype(np.float32), scale.astype(np.float32)


def moments(count: Doubles, total: Doubles, squares: Doubles) -> tuple[Doubles, Doubles]:
    """Mean and deviation from sums; a deviation of 0 for what is constant."""
    mean = total / count
    variance = squares / count - mean**2
    # What rounding leaves of a constant column's variance is no variance.
    varies = variance > 1e-12 * np.maximum(squares / count, 1e-300)
    return mean, np.sqrt(np.where(varies, variance, 0.0))


def far_columns(
    rows: Rows, layout: InputLayout, names: Sequence[str], others: Communication
) -> str:
    """Which columns hold numbers far from all others, in words; empty when none does.

    The middle half of the rank's own rows says what is usual, for it does not follow what is far.
    """
    count = len(layout.numeric)
    if not count:
        return ""
    far = np.zeros(count)
    for numbers in _chunks(rows, layout):
        centre, spread = _usual(numbers)
        is_far = np.abs(numbers - centre) > _FAR_DEVIATIONS * spread
        is_far |= np.isinf(numbers)
        far += is_far.sum(axis=0)
    far = others.sum(far)
    places = sorted(np.flatnonzero(far), key=lambda place: -far[place])[:_SHOWN]
    return "; ".join(
        f"{names[layout.numeric[place]]} ({far[place]:.0f} rows far from all others)"
        for place in places
    )


def _usual(numbers: Doubles) -> tuple[Doubles, Doubles]:
    """Median, and how far the quartiles are apart, of each column."""
    with np.errstate(invalid="ignore"):
        quarters = np.nanpercentile(
            np.where(np.isinf(numbers), np.nan, numbers), [25, 50, 75], axis=0
        )
    low, centre, high = np.nan_to_num(quarters)
    return centre, np.maximum(high - low, 1e-6 * np.maximum(np.abs(centre), 1.0))


def _chunks(rows: Rows, layout: InputLayout) -> Iterator[npt.NDArray[np.float64]]:
    """The numbers, so many at a time that float64 does not fill the memory."""
    step = max(_AT_ONCE // max(rows.width, 1), 1)
    for chunk in rows.matrices():
        for start in range(0, chunk.shape[0], step):
            yield layout.numbers(chunk[start : start + step]).astype(np.float64)

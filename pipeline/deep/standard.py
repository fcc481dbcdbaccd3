"""What numbers look like over the rows of all ranks: mean and deviation, and what is far off."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt

from pipeline.deep.communication import Communication, Doubles, Rank
from pipeline.deep.inputs import Floats, InputLayout
from pipeline.deep.sources import Rows

# Values that are summed at once, in float64: with what is made of them some 20 MB.
_AT_ONCE = 500_000
_LEAST_ROWS = 256
_SOME_ROWS = 1_000
# Of float32, with a margin.
_RESOLUTION = 1e-7
_FAR = 1_000.0
# So that rare numbers among zeros are not far, but for enormous ones.
_RARE = 1_000.0
_SHOWN = 5


@dataclass(frozen=True)
class Standard:
    """What numbers look like over all ranks' rows.

    Parameters
    ----------
    mean, scale : ndarray of float32, shape (numeric,)
        Mean and inverse deviation, missing numbers not counted; an inverse deviation of 0 for a
        column without deviation.
    is_whole : ndarray of bool, shape (numeric,)
        Whether no number of a column is missing.
    """

    mean: Floats
    scale: Floats
    is_whole: npt.NDArray[np.bool_]


def standard(rows: Rows, layout: InputLayout, others: Communication, rank: Rank) -> Standard:
    """Look at all rows of all ranks."""
    count = len(layout.numeric)
    if not count:
        return Standard(np.zeros(0, np.float32), np.zeros(0, np.float32), np.zeros(0, bool))
    near = _near(rows, layout, others)
    totals = np.zeros((4, count))
    for numbers in _chunks(rows, layout):
        numbers -= near
        is_missing = np.isnan(numbers)
        totals += [
            is_missing.sum(axis=0),
            (~is_missing).sum(axis=0),
            np.nansum(numbers, axis=0),
            np.nansum(numbers**2, axis=0),
        ]
        rank.advance()
    missing, known, total, squares = others.sum(totals.reshape(-1)).reshape(4, count)
    mean, deviation = _moments(near, np.maximum(known, 1.0), total, squares)
    varies = deviation > 0
    scale = np.where(varies, 1.0 / np.where(varies, deviation, 1.0), 0.0)
    return Standard(mean.astype(np.float32), scale.astype(np.float32), missing == 0)


def as_they_are(layout: InputLayout) -> Standard:
    """Of numbers that a network takes as they are: nobody has looked at them."""
    count = len(layout.numeric)
    return Standard(np.zeros(count, np.float32), np.ones(count, np.float32), np.zeros(count, bool))


def weighted_moments(
    values: Floats, weights: Floats | None, others: Communication
) -> tuple[float, float]:
    """Mean and deviation of values over all ranks; a deviation of 0 for one value only."""
    weight, total, _ = others.sum(_sums(values, weights, 0.0))
    near = total / weight
    mean, deviation = _moments(np.asarray(near), *others.sum(_sums(values, weights, near)))
    return float(mean), float(deviation)


def _sums(values: Floats, weights: Floats | None, near: float) -> Doubles:
    """Of weights, and of weighted distances from `near` and their squares."""
    sums = np.zeros(3)
    for start in range(0, len(values), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        own = values[part].astype(np.float64) - near
        counts = np.ones(len(own)) if weights is None else weights[part].astype(np.float64)
        sums += [counts.sum(), (counts * own).sum(), (counts * own**2).sum()]
    return sums


def _near(rows: Rows, layout: InputLayout, others: Communication) -> Doubles:
    """A number near each column's mean: what is summed is small, and its rounding too."""
    count = len(layout.numeric)
    sums = np.zeros((2, count))
    for numbers in islice(_chunks(rows, layout), 1):
        some = numbers[:_SOME_ROWS]
        some = np.where(np.isfinite(some), some, np.nan)
        sums += [(~np.isnan(some)).sum(axis=0), np.nansum(some, axis=0)]
    known, total = others.sum(sums.reshape(-1)).reshape(2, count)
    return np.asarray(total / np.maximum(known, 1.0))


def _moments(
    near: Doubles, count: Doubles, total: Doubles, squares: Doubles
) -> tuple[Doubles, Doubles]:
    """Mean and deviation from sums of what is left after `near` was taken away."""
    rest = total / count
    mean = near + rest
    with np.errstate(invalid="ignore"):  # of infinite numbers, which training tells of
        variance = squares / count - rest**2
    # Less than float32 can tell apart is no variance.
    varies = variance > (_RESOLUTION * np.abs(mean)) ** 2
    return mean, np.sqrt(np.where(varies, variance, 0.0))


def far_columns(
    rows: Rows, layout: InputLayout, names: Sequence[str], others: Communication
) -> str:
    """Which columns hold numbers far from all others, in words; empty when none does.

    Quartiles of the rank's own rows, chunk by chunk, say what is usual: they do not follow what is
    far. Columns with infinite numbers come first.
    """
    count = len(layout.numeric)
    if not count:
        return ""
    found = np.zeros((2, count))
    for numbers in _chunks(rows, layout):
        centre, spread = _usual(numbers)
        is_infinite = np.isinf(numbers)
        is_far = np.abs(numbers - centre) > _FAR * spread
        found += [is_infinite.sum(axis=0), (is_far | is_infinite).sum(axis=0)]
    infinite, far = others.sum(found.reshape(-1)).reshape(2, count)
    places = sorted(np.flatnonzero(far), key=lambda place: (-infinite[place], -far[place]))
    return "; ".join(
        f"{names[layout.numeric[place]]} ({far[place]:.0f} rows far from all others"
        f"{f', {infinite[place]:.0f} infinite' if infinite[place] else ''})"
        for place in places[:_SHOWN]
    )


def _usual(numbers: Doubles) -> tuple[Doubles, Doubles]:
    """Median of each column, and how far most of its numbers are apart."""
    finite = np.where(np.isinf(numbers), np.nan, numbers)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "All-NaN slice")
        low, centre, high = np.nan_to_num(np.nanpercentile(finite, [25, 50, 75], axis=0))
    # A column that is mostly one number has no quartiles to speak of.
    return centre, np.where(high > low, high - low, _RARE * np.maximum(np.abs(centre), 1.0))


def _chunks(rows: Rows, layout: InputLayout) -> Iterator[npt.NDArray[np.float64]]:
    """The numbers, so many at a time that float64 does not fill the memory."""
    step = max(_AT_ONCE // max(rows.width, 1), _LEAST_ROWS)
    for chunk in rows.matrices():
        for start in range(0, chunk.shape[0], step):
            yield layout.numbers(chunk[start : start + step]).astype(np.float64)

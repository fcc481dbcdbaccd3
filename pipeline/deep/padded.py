"""Rows of unequal length, padded to one: how long each is, and batches without needless padding.

What is told here is data, not code, so that a saved network is scored as it was trained without
the class that it was made by.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.deep.inputs import Floats
from pipeline.errors import ModelError, UserError

Lengths = npt.NDArray[np.int32]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Padded:
    """How the numbers of a row are laid out: windows of steps, padded by NaN at their ends.

    Parameters
    ----------
    steps : int
        Numbers of a window, padding included.
    windows : int
        Windows of a row; those behind the last one that is used are all NaN.
    multiple : int
        A batch is cut to a multiple of so many steps: few shapes, each of which costs memory.
    scored_numbers : int
        Numbers of a batch in scoring, padding included: 64 rows of 128, or 16 of 512.

    Raises
    ------
    UserError
        When a value is below 1.
    """

    steps: int
    windows: int = 1
    multiple: int = 8
    scored_numbers: int = 8_192

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not isinstance(value, int) or value < 1:
                raise UserError(f"padded rows: {name} must be a number from 1 on, not {value!r}")

    @property
    def width(self) -> int:
        """Numbers of a row, padding included."""
        return self.steps * self.windows

    def lengths(self, numbers: Floats) -> Lengths:
        """How long rows are, shape (rows,): rows of like length share a batch.

        Parameters
        ----------
        numbers : ndarray of float32, shape (rows, width)
            Padded rows.

        Returns
        -------
        ndarray of int32
            Steps up to the last one that is no padding, of the longest window, and `steps` more
            for each window before the last one that is used; 0 of a row that is all padding.
        """
        used, longest = self._extents(numbers)
        return np.asarray(np.maximum(used - 1, 0) * self.steps + longest, dtype=np.int32)

    def cut(self, numbers: Floats) -> Floats:
        """A batch without the windows and the steps that are padding in all its rows.

        Parameters
        ----------
        numbers : ndarray of float32, shape (rows, width)
            Padded rows, at least one.

        Returns
        -------
        ndarray of float32, shape (rows, windows, steps)
            At least one window and one step.
        """
        used, longest = self._extents(numbers)
        rows = numbers.reshape(-1, self.windows, self.steps)
        return rows[:, : max(int(used.max()), 1), : self._rounded(int(longest.max()))]

    def batches(self, lengths: Lengths) -> Iterator[Places]:
        """Places of the rows of each batch in scoring, the longest rows first.

        Parameters
        ----------
        lengths : ndarray of int32, shape (rows,)
            Of the rows.
        """
        order = np.argsort(-lengths, kind="stable")
        begin = 0
        while begin < len(order):
            rows = max(self.scored_numbers // self._cost(int(lengths[order[begin]])), 1)
            yield order[begin : begin + rows]
            begin += rows

    def to_json(self) -> dict[str, int]:
        """A JSON form that `from_json` reads back."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | None) -> Padded | None:
        """Read the form that `to_json` writes; None: rows are not padded."""
        if data is None:
            return None
        try:
            return cls(**data)
        except (TypeError, UserError) as error:
            raise ModelError(f"what the model says of padded rows is damaged: {error}") from error

    def _extents(self, numbers: Floats) -> tuple[Lengths, Lengths]:
        """Windows of each row that are used, and steps of the longest; each of shape (rows,)."""
        is_known = ~np.isnan(numbers).reshape(-1, self.windows, self.steps)
        ends = _ends(is_known)
        return _ends(ends > 0), ends.max(axis=1)

    def _cost(self, length: int) -> int:
        """Numbers of such a row in a batch where it is the longest."""
        if length <= self.steps:
            return self._rounded(length)
        return -(-length // self.steps) * self.steps

    def _rounded(self, steps: int) -> int:
        return min(max(-(-steps // self.multiple), 1) * self.multiple, self.steps)


def _ends(is_used: npt.NDArray[np.bool_]) -> Lengths:
    """The place behind the last one that is used, along the last axis; 0 where none is."""
    behind = np.argmax(is_used[..., ::-1], axis=-1)
    found = np.where(is_used.any(axis=-1), is_used.shape[-1] - behind, 0)
    return np.asarray(found, dtype=np.int32)

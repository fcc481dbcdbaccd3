"""What a network takes: numbers and category codes, split from the encoded matrix.

Category codes start at 1; 0 stands for missing and for categories that training has not seen.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.data.encoding import FeatureSchema, Matrix

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class InputLayout:
    """Which columns of the matrix are numbers and which are codes.

    Parameters
    ----------
    numeric, categorical : tuple of int
        Positions in the matrix.
    sizes : tuple of int
        Categories of each categorical column, the unknown one not counted.
    unmarked : frozenset of int
        Positions of numbers that training has never seen missing: a network need not be told
        which of them are.
    """

    numeric: tuple[int, ...]
    categorical: tuple[int, ...]
    sizes: tuple[int, ...]
    unmarked: frozenset[int] = frozenset()

    @property
    def marked(self) -> list[int]:
        """Which of the numbers, counted from 0, are marked where they are missing."""
        return [at for at, place in enumerate(self.numeric) if place not in self.unmarked]

    @classmethod
    def of(cls, schema: FeatureSchema, columns: Iterable[int] | None = None) -> InputLayout:
        """The layout for a feature schema, or for some columns of its matrix only."""
        kept = set(range(schema.width) if columns is None else columns)
        categorical = tuple(place for place in schema.categorical if place in kept)
        numeric = tuple(sorted(kept - set(categorical)))
        sizes = tuple(len(schema.features[place].categories) for place in categorical)
        return cls(numeric, categorical, sizes)

    def numbers(self, matrix: Matrix) -> Floats:
        """Numeric columns, NaN where missing, shape (rows, numeric)."""
        is_whole = len(self.numeric) == matrix.shape[1]
        chosen = matrix if is_whole else matrix[:, list(self.numeric)]
        dense = chosen if isinstance(chosen, np.ndarray) else chosen.toarray()
        return np.asarray(dense, dtype=np.float32, order=None if is_whole else "C")

    def codes(self, matrix: Matrix) -> Floats:
        """Category codes from 1, 0 where unknown, shape (rows, categorical)."""
        if not self.categorical:
            return np.zeros((matrix.shape[0], 0), dtype=np.float32)
        chosen = np.asarray(matrix[:, list(self.categorical)], dtype=np.float32)
        return np.nan_to_num(chosen + 1.0, nan=0.0)

    def given(self, numbers: Any, codes: Any) -> list[Any]:
        """What a network for this layout is called with: numbers, codes or both."""
        return [numbers] * bool(self.numeric) + [codes] * bool(self.categorical)

"""What a network takes: numbers and category codes, split from the encoded matrix.

Category codes start at 1; 0 stands for missing and for categories that training has not seen.
"""

from __future__ import annotations

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
    """

    numeric: tuple[int, ...]
    categorical: tuple[int, ...]
    sizes: tuple[int, ...]

    @classmethod
    def of(cls, schema: FeatureSchema) -> InputLayout:
        """The layout for a feature schema."""
        categorical = tuple(schema.categorical)
        numeric = tuple(sorted(set(range(schema.width)) - set(categorical)))
        sizes = tuple(len(schema.features[place].categories) for place in categorical)
        return cls(numeric, categorical, sizes)

    def numbers(self, matrix: Matrix) -> Floats:
        """Numeric columns, NaN where missing, shape (rows, numeric)."""
        dense = matrix if isinstance(matrix, np.ndarray) else matrix.toarray()
        if not self.categorical:
            return np.asarray(dense, dtype=np.float32)
        return np.ascontiguousarray(dense[:, list(self.numeric)], dtype=np.float32)

    def codes(self, matrix: Matrix) -> Floats:
        """Category codes from 1, 0 where unknown, shape (rows, categorical)."""
        if not self.categorical:
            return np.zeros((matrix.shape[0], 0), dtype=np.float32)
        chosen = np.asarray(matrix[:, list(self.categorical)], dtype=np.float32)
        return np.nan_to_num(chosen + 1.0, nan=0.0)

    def given(self, numbers: Any, codes: Any) -> list[Any]:
        """What a network for this layout is called with: numbers, codes or both."""
        return [numbers] * bool(self.numeric) + [codes] * bool(self.categorical)

"""Networks of a user's own for rows of tokens, padded to one length."""

from __future__ import annotations

from typing import Any, ClassVar

import horovod.mxnet as hvd
import mxnet as mx
import numpy as np
from mxnet.gluon import HybridBlock, nn

from pipeline.deep.inputs import InputLayout
from pipeline.deep.padded import Padded
from pipeline.deep.recipe import Recipe

TOKENS = 20
STEPS, WINDOWS = 16, 2


class Words(HybridBlock):  # type: ignore[misc]
    """Tokens' vectors, their mean, and a layer on it.

    Its options: `freezes` (the vectors keep their first values), `rate` (of their step size).
    """

    standardises = False
    shapes: ClassVar[list[tuple[int, ...]]] = []
    """Of all batches, in this process."""

    def __init__(
        self, layout: InputLayout, mean: Any, scale: Any, recipe: Recipe, outputs: int
    ) -> None:
        super().__init__()
        assert (mean == 0).all()
        assert (scale == 1).all()
        assert len(layout.marked) == len(layout.numeric)
        self.padded = Padded(STEPS, WINDOWS, multiple=4, scored_numbers=64)
        self._options = recipe.options
        with self.name_scope():
            self.vectors = nn.Embedding(TOKENS, 4)
            self.inner = nn.Dense(5, in_units=4)
            self.output = nn.Dense(outputs, in_units=5)
        self.vectors.weight.lr_mult = recipe.options.get("rate", 1.0)

    def begin(self) -> None:
        """Vectors as nobody would draw them."""
        self.vectors.weight.set_data(mx.nd.array(first_vectors()))
        if self._options.get("freezes"):
            self.vectors.weight.grad_req = "null"

    def __call__(self, numbers: Any) -> Any:
        self.shapes.append(numbers.shape)
        return super().__call__(numbers)

    def hybrid_forward(self, F: Any, numbers: Any) -> Any:  # noqa: N803 - MXNet's name
        """Outputs, shape (rows, outputs), from tokens of shape (rows, windows, steps)."""
        is_known = numbers == numbers  # NaN is not
        tokens = F.where(is_known, numbers, F.zeros_like(numbers))
        vectors = F.broadcast_mul(self.vectors(tokens), F.expand_dims(is_known, axis=3))
        many = F.sum(is_known, axis=(1, 2)) + 1e-6  # a row may be all padding
        mean = F.broadcast_div(F.sum(vectors, axis=(1, 2)), F.expand_dims(many, axis=1))
        return self.output(F.relu(self.inner(mean)))


class WordsAsTheyCome(Words):
    """The same, that says nothing of padding."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.padded = None

    def hybrid_forward(self, F: Any, numbers: Any) -> Any:  # noqa: N803 - MXNet's name
        """Of tokens of shape (rows, windows * steps)."""
        return super().hybrid_forward(F, F.reshape(numbers, shape=(0, WINDOWS, STEPS)))


class WordsOfRankZero(Words):
    """The same, where all ranks but the first begin with other vectors."""

    def begin(self) -> None:
        super().begin()
        self.vectors.weight.set_data(mx.nd.array(first_vectors() + 9 * hvd.rank()))


class Frozen(Words):
    """Nothing of it is trained."""

    def begin(self) -> None:
        self.collect_params().setattr("grad_req", "null")


def first_vectors() -> np.ndarray:
    """Those that `begin` sets, shape (TOKENS, 4)."""
    return np.sin(np.arange(TOKENS * 4, dtype=np.float32)).reshape(TOKENS, 4)


def rows_of_tokens(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of 1 to 32 tokens, most of them short; the label is whether token 7 is among them."""
    rng = np.random.default_rng(seed)
    found = np.full((rows, WINDOWS, STEPS), np.nan, np.float32)
    for row in found:
        for window in row[: rng.integers(1, WINDOWS + 1) if rng.random() < 0.3 else 1]:
            many = rng.integers(1, STEPS + 1) if rng.random() < 0.3 else rng.integers(1, 5)
            window[:many] = rng.integers(0, TOKENS, many)
    labels = (found == 7).any(axis=(1, 2)) | (rng.random(rows) < 0.05)
    return found.reshape(rows, WINDOWS * STEPS), labels.astype(np.float32)

"""A network of a user's own in two parts: what lies below may stay as it is."""

from __future__ import annotations

from typing import Any, ClassVar

import mxnet as mx
from mxnet.gluon import HybridBlock, nn

from pipeline.deep.inputs import InputLayout
from pipeline.deep.padded import Padded
from pipeline.deep.recipe import Recipe
from pipeline.deep.stage import Stage
from tests.deep.padded_networks import STEPS, TOKENS, WINDOWS


class Base(HybridBlock):  # type: ignore[misc]
    """The mean of tokens' vectors, half of it left out in training."""

    rows: ClassVar[list[int]] = []
    """Of all batches that it was called with by itself, in this process."""

    def __init__(self, *, is_normed: bool = False) -> None:
        super().__init__()
        self._is_normed = is_normed
        with self.name_scope():
            self.vectors = nn.Embedding(TOKENS, 6)
            self.dropout = nn.Dropout(0.5)
            if is_normed:
                self.norm = nn.BatchNorm(in_channels=6)

    def __call__(self, numbers: Any) -> Any:
        if isinstance(numbers, mx.nd.NDArray):
            self.rows.append(numbers.shape[0])
        return super().__call__(numbers)

    def hybrid_forward(self, F: Any, numbers: Any) -> Any:  # noqa: N803 - MXNet's name
        is_known = numbers == numbers  # NaN is not
        tokens = F.where(is_known, numbers, F.zeros_like(numbers))
        vectors = F.broadcast_mul(self.vectors(tokens), F.expand_dims(is_known, axis=3))
        many = F.expand_dims(F.sum(is_known, axis=(1, 2)) + 1e-6, axis=1)
        mean = F.broadcast_div(F.sum(vectors, axis=(1, 2)), many)
        return self.dropout(self.norm(mean) if self._is_normed else mean)


class TwoParts(HybridBlock):  # type: ignore[misc]
    """A base and a layer on it; its option `trains`: `new`, `new_then_all` or `all_then_new`.

    With `_normed` at its end the base has a batch norm.
    """

    standardises = False

    def __init__(
        self, layout: InputLayout, mean: Any, scale: Any, recipe: Recipe, outputs: int
    ) -> None:
        super().__init__()
        self._trains = recipe.options["trains"]
        self.padded = Padded(STEPS, WINDOWS, multiple=4, scored_numbers=64)
        with self.name_scope():
            self.base = Base(is_normed=self._trains.endswith("_normed"))
            self.head = nn.Dense(outputs, in_units=6)
        if self._trains == "new":
            self.base.collect_params().setattr("grad_req", "null")

    def stages(self) -> list[Stage]:
        new = Stage(self.head, base=self.base, changes={"learning_rate": 0.2})
        return {
            "new": [new],
            "new_then_all": [new, Stage(self)],
            "all_then_new": [Stage(self), new],
        }[self._trains.removesuffix("_normed")]

    def hybrid_forward(self, F: Any, numbers: Any) -> Any:  # noqa: N803 - MXNet's name
        return self.head(self.base(numbers))


class NoStages(TwoParts):
    """It says something else than stages."""

    def stages(self) -> Any:
        return [self.head]

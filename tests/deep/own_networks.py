"""Networks of a user's own, found by their import paths; some fail on purpose."""

from __future__ import annotations

import time
from typing import Any

import horovod.mxnet as hvd
from mxnet.gluon import nn

from pipeline.deep.inputs import InputLayout
from pipeline.deep.networks.mlp import Mlp
from pipeline.deep.recipe import Recipe


class Wide(Mlp):
    """As an mlp, with a first layer of its own."""

    def __init__(
        self, layout: InputLayout, mean: Any, scale: Any, recipe: Recipe, outputs: int
    ) -> None:
        super().__init__(layout, mean, scale, recipe, outputs)
        with self.name_scope():
            self.output = nn.Dense(outputs, use_bias=False)


class RaisesOnRankOne(Mlp):
    """Works on rank 0 only."""

    def __init__(self, *args: Any) -> None:
        if hvd.rank() == 1:
            raise ArithmeticError("rank 1 cannot")
        super().__init__(*args)


class RaisesEverywhere(Mlp):
    """Works on no rank; rank 1 is the first to say so."""

    def __init__(self, *args: Any) -> None:
        if hvd.rank() == 1:
            raise KeyError("of rank 1")
        time.sleep(0.3)
        raise ValueError("of rank 0")


class StallsOnRankOne(Mlp):
    """Rank 1 never gets any further."""

    def __init__(self, *args: Any) -> None:
        if hvd.rank() == 1:
            time.sleep(600)
        super().__init__(*args)


NOT_A_NETWORK = len


class WrongGradient(Mlp):
    """Backpropagation never hears of half of what the output is made of."""

    def hybrid_forward(self, F: Any, *inputs: Any) -> Any:  # noqa: N803 - MXNet's name
        hidden = self.body(self.table(*inputs))
        return self.output(hidden) + F.BlockGrad(2 * self.output(hidden))

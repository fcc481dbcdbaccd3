"""Hidden layers: weights, normalisation, activation, dropout."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mxnet import init
from mxnet.gluon import nn

from pipeline.deep.layers.activations import activation, pieces
from pipeline.deep.recipe import Recipe


def hidden_layer(units: int, recipe: Recipe) -> Iterator[Any]:
    """The blocks of one hidden layer, in their order."""
    yield dense(units, recipe)
    yield from normalised(recipe)
    yield activation(recipe.activation)
    if recipe.dropout:
        yield nn.Dropout(recipe.dropout)


def dense(units: int, recipe: Recipe) -> Any:
    """The weights of a layer with so many units after its activation."""
    return nn.Dense(units * pieces(recipe.activation), weight_initializer=_first_weights(recipe))


def normalised(recipe: Recipe) -> Iterator[Any]:
    """The normalisation of a layer, if any."""
    if recipe.normalisation == "batch":
        yield nn.BatchNorm()
    elif recipe.normalisation == "layer":
        yield nn.LayerNorm()


def _first_weights(recipe: Recipe) -> Any:
    """None: the network's own. SELU keeps the variance only from LeCun's."""
    if recipe.activation != "selu":
        return None
    return init.Xavier(rnd_type="gaussian", factor_type="in", magnitude=1)

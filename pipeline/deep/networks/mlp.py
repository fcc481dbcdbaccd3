"""A multilayer perceptron for tables."""

from __future__ import annotations

from typing import Any

from mxnet.gluon import nn

from pipeline.deep.inputs import InputLayout
from pipeline.deep.layers.dense import hidden_layer
from pipeline.deep.networks.table_input import TableInput, TableNetwork, columns_of_units
from pipeline.deep.recipe import Recipe


class Mlp(TableNetwork):
    """Hidden layers one after the other.

    Parameters
    ----------
    layout : InputLayout
        Columns of the input.
    mean, scale : ndarray of float32, shape (numeric,)
        What is subtracted from numbers, and what they are multiplied by.
    recipe : Recipe
        Units of the layers, and what they consist of.
    outputs : int
        Units of the output, which has no activation.
    """

    def __init__(
        self, layout: InputLayout, mean: Any, scale: Any, recipe: Recipe, outputs: int
    ) -> None:
        super().__init__()
        self._layout = layout
        with self.name_scope():
            self.table = TableInput(layout, mean, scale)
            self.body = nn.HybridSequential()
            for units in recipe.hidden:
                self.body.add(*hidden_layer(units, recipe))
            self.output = nn.Dense(outputs)
        self.first = self.body[0] if recipe.hidden else self.output

    def hybrid_forward(self, F: Any, *inputs: Any) -> Any:  # noqa: N803 - MXNet's name
        """Outputs, shape (rows, outputs), from what `InputLayout.given` gives."""
        return self.output(self.body(self.table(*inputs)))

    def first_layers(self) -> list[tuple[list[int], Any]]:
        """One layer that meets all columns."""
        return [(columns_of_units(self._layout), self.first)]

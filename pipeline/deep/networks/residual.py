"""A residual network for tables: blocks that add to what they are given."""

from __future__ import annotations

from typing import Any

from mxnet.gluon import HybridBlock, nn

from pipeline.deep.inputs import InputLayout
from pipeline.deep.layers.activations import activation
from pipeline.deep.layers.dense import dense, normalised
from pipeline.deep.networks.table_input import TableInput, TableNetwork, columns_of_units
from pipeline.deep.recipe import Recipe


class ResidualBlock(HybridBlock):  # type: ignore[misc]
    """Its input, plus what two layers make of it.

    Parameters
    ----------
    width : int
        Units of the input and the output.
    units : int
        Units between the two layers.
    recipe : Recipe
        What the layers consist of.
    """

    def __init__(self, width: int, units: int, recipe: Recipe) -> None:
        super().__init__()
        with self.name_scope():
            self.change = nn.HybridSequential()
            self.change.add(
                *normalised(recipe), dense(units, recipe), activation(recipe.activation)
            )
            self.change.add(nn.Dropout(recipe.dropout), nn.Dense(width), nn.Dropout(recipe.dropout))

    def hybrid_forward(self, F: Any, inputs: Any) -> Any:  # noqa: N803 - MXNet's name
        """Shape (rows, width), as the input's."""
        return inputs + self.change(inputs)


class Residual(TableNetwork):
    """Residual blocks one after the other.

    Parameters
    ----------
    layout : InputLayout
        Columns of the input.
    mean, scale : ndarray of float32, shape (numeric,)
        What is subtracted from numbers, and what they are multiplied by.
    recipe : Recipe
        `hidden` has a number for each block: the units inside it. The sum that the blocks add to
        has as many units as the first.
    outputs : int
        Units of the output, which has no activation.

    References
    ----------
    Y. Gorishniy et al., "Revisiting deep learning models for tabular data", NeurIPS 2021 (arXiv
    2106.11959), section 3.2; K. He et al., "Identity mappings in deep residual networks", ECCV
    2016, for normalisation before the weights.
    """

    def __init__(
        self, layout: InputLayout, mean: Any, scale: Any, recipe: Recipe, outputs: int
    ) -> None:
        super().__init__()
        self._layout = layout
        width = recipe.hidden[0]
        with self.name_scope():
            self.table = TableInput(layout, mean, scale)
            self.body = nn.HybridSequential()
            self.first = nn.Dense(width)
            self.body.add(*(ResidualBlock(width, units, recipe) for units in recipe.hidden))
            self.body.add(*normalised(recipe), nn.Activation("relu"))
            self.output = nn.Dense(outputs)

    def hybrid_forward(self, F: Any, *inputs: Any) -> Any:  # noqa: N803 - MXNet's name
        """Outputs, shape (rows, outputs), from what `InputLayout.given` gives."""
        return self.output(self.body(self.first(self.table(*inputs))))

    def first_layers(self) -> list[tuple[list[int], Any]]:
        """One layer that meets all columns."""
        return [(columns_of_units(self._layout), self.first)]

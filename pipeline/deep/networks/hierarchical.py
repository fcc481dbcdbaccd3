"""Sub-networks for groups of columns, trained one by one, and a network of them all."""

from __future__ import annotations

from typing import Any

import mxnet as mx
import numpy as np
from mxnet.gluon import Block, HybridBlock, nn

from pipeline.deep.inputs import Floats, InputLayout
from pipeline.deep.layers.dense import hidden_layer
from pipeline.deep.networks.table_input import TableInput, TableNetwork, columns_of_units
from pipeline.deep.recipe import Recipe
from pipeline.deep.stage import Stage
from pipeline.errors import UserError


class Part(HybridBlock):  # type: ignore[misc]
    """Hidden layers over some of the columns.

    Parameters
    ----------
    layout : InputLayout
        All columns.
    own : set of int
        Which of them the part sees.
    mean, scale : ndarray of float32, shape (numeric,)
        Of all numbers.
    recipe : Recipe
        Units of the layers, and what they consist of.
    """

    def __init__(
        self, layout: InputLayout, own: set[int], mean: Floats, scale: Floats, recipe: Recipe
    ) -> None:
        super().__init__()
        numbers = [at for at, place in enumerate(layout.numeric) if place in own]
        codes = [at for at, place in enumerate(layout.categorical) if place in own]
        self._has = (bool(layout.numeric), bool(layout.categorical))
        self._uses = (bool(numbers), bool(codes))
        self.columns = columns_of_units(
            InputLayout(
                tuple(layout.numeric[at] for at in numbers),
                tuple(layout.categorical[at] for at in codes),
                tuple(layout.sizes[at] for at in codes),
                layout.unmarked,
            )
        )
        """Which column is behind each unit of the part's table."""
        inner = InputLayout(
            tuple(range(len(numbers))),
            tuple(range(len(numbers), len(numbers) + len(codes))),
            tuple(layout.sizes[at] for at in codes),
        )
        with self.name_scope():
            if numbers:
                self.numbers = self.params.get_constant("numbers", mx.nd.array(numbers))
            if codes:
                self.codes = self.params.get_constant("codes", mx.nd.array(codes))
            self.table = TableInput(inner, np.asarray(mean)[numbers], np.asarray(scale)[numbers])
            self.body = nn.HybridSequential()
            for units in recipe.hidden:
                self.body.add(*hidden_layer(units, recipe))

    def given(self, inputs: tuple[Any, ...]) -> list[Any]:
        """What the part is called with, of the whole network's inputs."""
        found = iter(inputs)
        pairs = [next(found) if is_there else None for is_there in self._has]
        return [each for each, is_used in zip(pairs, self._uses, strict=True) if is_used]

    def hybrid_forward(
        self,
        F: Any,  # noqa: N803 - MXNet's name
        *inputs: Any,
        numbers: Any = None,
        codes: Any = None,
    ) -> Any:
        """Units of the last layer, from the numbers and the codes of all columns.

        MXNet knows no inputs that are not used: a part without numbers, or codes, gets none.
        """
        own = []
        if numbers is not None:
            own.append(F.take(inputs[0], numbers, axis=1))
        if codes is not None:
            own.append(F.take(inputs[-1], codes, axis=1))
        return self.body(self.table(*own))


class PartAlone(Block):  # type: ignore[misc]
    """A part with an output of its own, while it is trained alone."""

    def __init__(self, part: Part, outputs: int, **block: Any) -> None:
        super().__init__(**block)
        with self.name_scope():
            self.part = part
            self.output = nn.Dense(outputs)

    def forward(self, *inputs: Any) -> Any:
        """Outputs, shape (rows, outputs), from the whole network's inputs."""
        return self.output(self.part(*self.part.given(inputs)))


class Hierarchical(TableNetwork):
    """Parts side by side; a layer joins what they give.

    Each part is trained alone first, with an output of its own (`stages`): its gradients pass few
    layers, so they do not vanish, and the whole begins with parts that know something.

    Parameters
    ----------
    layout : InputLayout
        Columns of the input.
    mean, scale : ndarray of float32, shape (numeric,)
        Of each number.
    recipe : Recipe
        `groups` has the places of each part's columns; columns of no group are a part, too.
        `hidden` has the units of a part's layers, of which the last are joined by as many.
    outputs : int
        Units of the output, which has no activation.

    References
    ----------
    J. Schmidhuber, "Learning complex, extended sequences using the principle of history
    compression", Neural Computation 4 (1992); G. Hinton, S. Osindero, Y. Teh, "A fast learning
    algorithm for deep belief nets", Neural Computation 18 (2006), for training part by part.
    """

    def __init__(
        self, layout: InputLayout, mean: Any, scale: Any, recipe: Recipe, outputs: int
    ) -> None:
        super().__init__()
        self._outputs = outputs
        with self.name_scope():
            self.parts = nn.HybridSequential()
            for own in _groups(layout, recipe):
                self.parts.add(Part(layout, own, mean, scale, recipe))
            self.body = nn.HybridSequential()
            self.body.add(*hidden_layer(recipe.hidden[-1], recipe))
            self.output = nn.Dense(outputs)

    def hybrid_forward(self, F: Any, *inputs: Any) -> Any:  # noqa: N803 - MXNet's name
        """Outputs, shape (rows, outputs), from what `InputLayout.given` gives."""
        found = [part(*part.given(inputs)) for part in self.parts]
        return self.output(self.body(F.concat(*found, dim=1) if len(found) > 1 else found[0]))

    def first_layers(self) -> list[tuple[list[int], Any]]:
        """The first layer of each part."""
        return [(part.columns, part.body[0]) for part in self.parts]

    def stages(self) -> list[Stage]:
        """What is trained, one after the other: each of the parts, then the whole."""
        with self.name_scope():
            alone = [
                PartAlone(part, self._outputs, prefix=f"stage{place}_")
                for place, part in enumerate(self.parts)
            ]
        return [*map(Stage, alone), Stage(self)]


def _groups(layout: InputLayout, recipe: Recipe) -> list[set[int]]:
    """The columns of each part."""
    every = [*layout.numeric, *layout.categorical]
    if recipe.segments:
        if recipe.segments > len(layout.numeric):
            raise UserError(
                f"segments: {len(layout.numeric)} numbers cannot be cut into {recipe.segments}"
            )
        cut = np.array_split(np.asarray(layout.numeric), recipe.segments)
        groups = [set(map(int, places)) for places in cut]
    else:
        groups = [set(map(int, group)) & set(every) for group in recipe.groups or ()]
    rest = set(every).difference(*groups)
    return [group for group in [*groups, rest] if group]

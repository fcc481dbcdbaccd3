"""The first layer of networks for tables: standardised numbers, an embedding for each category."""

from __future__ import annotations

from typing import Any

import mxnet as mx
import numpy as np
from mxnet.gluon import HybridBlock, nn

from pipeline.deep.inputs import InputLayout
from pipeline.deep.layers.standardised import standardised


class TableInput(HybridBlock):  # type: ignore[misc]
    """Numbers are standardised inside the network, missing ones become 0.

    They are marked in the columns where training has seen any.

    Parameters
    ----------
    layout : InputLayout
        Columns of the input.
    mean, scale : ndarray of float32, shape (numeric,)
        What is subtracted from numbers, and what they are multiplied by.

    References
    ----------
    Embedding widths follow the rule min(50, 1.6 n^0.56) that fastai's tabular models use; entity
    embeddings: C. Guo and F. Berkhahn, arXiv 1604.06737, section III.
    """

    def __init__(self, layout: InputLayout, mean: Any, scale: Any, **block: Any) -> None:
        super().__init__(**block)
        self._has_numbers = bool(layout.numeric)
        marked = layout.marked
        self._are_all_marked = len(marked) == len(layout.numeric)
        with self.name_scope():
            if marked and not self._are_all_marked:
                self.marked = self.params.get_constant("marked", mx.nd.array(marked))
            if self._has_numbers:
                self.mean = self.params.get_constant("mean", mx.nd.array(mean).reshape((1, -1)))
                self.scale = self.params.get_constant("scale", mx.nd.array(scale).reshape((1, -1)))
            self._embeddings = []
            for place, size in enumerate(layout.sizes):
                embedding = nn.Embedding(size + 1, embedding_width(size))
                self.register_child(embedding, f"embedding{place}")
                self._embeddings.append(embedding)

    def hybrid_forward(
        self,
        F: Any,  # noqa: N803 - MXNet passes it by this name
        *inputs: Any,
        mean: Any = None,
        scale: Any = None,
        marked: Any = None,
    ) -> Any:
        """One row of units for each row, from what `InputLayout.given` gives."""
        parts = []
        if self._has_numbers:
            numbers, is_known = standardised(F, inputs[0], mean, scale)
            parts.append(numbers)
            if self._are_all_marked:
                parts.append(1 - is_known)
            elif marked is not None:
                parts.append(F.take(1 - is_known, marked, axis=1))
        for place, embedding in enumerate(self._embeddings):
            own = F.slice_axis(inputs[-1], axis=1, begin=place, end=place + 1)
            parts.append(embedding(F.reshape(own, (-1,))))
        return F.concat(*parts, dim=1) if len(parts) > 1 else parts[0]


class TableNetwork(HybridBlock):  # type: ignore[misc]
    """A network that says which weights its columns meet first."""

    def first_layers(self) -> list[tuple[list[int], Any]]:
        """Dense layers, each with the column of the matrix behind each of its inputs."""
        raise NotImplementedError


def embedding_width(categories: int) -> int:
    """Width of the embedding of a column with that many categories."""
    return int(min(50, max(1, np.round(1.6 * categories**0.56))))


def columns_of_units(layout: InputLayout) -> list[int]:
    """Which column of the matrix each unit of a `TableInput` comes from."""
    widths = [embedding_width(size) for size in layout.sizes]
    embedded = [
        place for place, width in zip(layout.categorical, widths, strict=True) for _ in range(width)
    ]
    marked = [layout.numeric[at] for at in layout.marked]
    return [*layout.numeric, *marked, *embedded]

"""The first layer of networks for sequences: one channel after the other becomes a time axis."""

from __future__ import annotations

from typing import Any

import mxnet as mx
import numpy as np
from mxnet.gluon import HybridBlock

from pipeline.deep.inputs import Floats, InputLayout
from pipeline.deep.layers.standardised import standardised
from pipeline.errors import UserError


class SequenceInput(HybridBlock):  # type: ignore[misc]
    """Steps of a sequence, standardised by channel; missing values become 0 and are marked.

    Parameters
    ----------
    layout : InputLayout
        Columns of the input, all numbers: the channels of the first step, then of the second, …
    mean, scale : ndarray of float32, shape (numeric,)
        Of each column, over all rows.
    channels : int
        Values of a step.

    Raises
    ------
    UserError
        When the columns are no whole steps, or are not all numbers.
    """

    def __init__(
        self, layout: InputLayout, mean: Any, scale: Any, channels: int, **block: Any
    ) -> None:
        super().__init__(**block)
        columns = len(layout.numeric)
        if layout.categorical or not columns or columns % channels:
            raise UserError(
                f"a sequence is made of numbers, {channels} for each step (sequence_channels); the "
                f"features are {columns} numbers and {len(layout.categorical)} categories"
            )
        self.steps = columns // channels
        self.channels = channels
        means, scales = by_channel(mean, scale, channels)
        with self.name_scope():
            self.mean = self.params.get_constant("mean", mx.nd.array(means.reshape(1, 1, -1)))
            self.scale = self.params.get_constant("scale", mx.nd.array(scales.reshape(1, 1, -1)))

    def hybrid_forward(self, F: Any, numbers: Any, mean: Any, scale: Any) -> Any:  # noqa: N803
        """From shape (rows, steps * channels) to (rows, steps, 2 * channels)."""
        steps = F.reshape(numbers, shape=(-1, self.steps, self.channels))
        values, is_known = standardised(F, steps, mean, scale)
        return F.concat(values, 1 - is_known, dim=2)


def by_channel(mean: Floats, scale: Floats, channels: int) -> tuple[Floats, Floats]:
    """Mean and inverse deviation of each channel over all steps, from those of each column."""
    means = np.asarray(mean, np.float64).reshape(-1, channels)
    inverse = np.asarray(scale, np.float64).reshape(-1, channels)
    variances = np.where(inverse > 0, 1 / np.maximum(inverse, 1e-30), 0.0) ** 2
    centre = means.mean(axis=0)
    deviation = np.sqrt((variances + (means - centre) ** 2).mean(axis=0))
    return (
        centre.astype(np.float32),
        np.where(deviation > 0, 1 / np.maximum(deviation, 1e-30), 0.0).astype(np.float32),
    )

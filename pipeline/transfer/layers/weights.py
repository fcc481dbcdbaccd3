"""Dense layers as encoders have them: over the last axis, and with BERT's random start."""

from __future__ import annotations

from typing import Any

from mxnet import init
from mxnet.gluon import nn


def dense(units: int, inputs: int, deviation: float) -> Any:
    """A layer from shape (…, inputs) to (…, units).

    Parameters
    ----------
    units, inputs : int
        Numbers that it gives, and takes.
    deviation : float
        Standard deviation of weights that start at random.
    """
    start = init.Normal(deviation)
    return nn.Dense(units, flatten=False, in_units=inputs, weight_initializer=start)

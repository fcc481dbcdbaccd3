"""The functions between an encoder's dense layers."""

from __future__ import annotations

import math
from typing import Any

from pipeline.transfer.checkpoints.families import ACTIVATIONS


def activated(F: Any, values: Any, hidden_act: str) -> Any:  # noqa: N803 - MXNet's name
    """`values`, each through the function that `hidden_act` names.

    Parameters
    ----------
    F : module
        `mxnet.nd` or `mxnet.sym`.
    values : NDArray
        Of any shape.
    hidden_act : str
        A key of `families.ACTIVATIONS`.
    """
    function = ACTIVATIONS[hidden_act]
    if function == "relu":
        return F.relu(values)
    if function == "silu":
        return F.elemwise_mul(values, F.sigmoid(values))
    if function == "gelu_tanh":
        return _gelu_tanh(F, values)
    # With the error function, as published; MXNet's operator is fast on CPUs.
    return F.LeakyReLU(values, act_type="gelu")


def _gelu_tanh(F: Any, values: Any) -> Any:  # noqa: N803 - MXNet's name
    """D. Hendrycks, K. Gimpel, "Gaussian Error Linear Units", arXiv:1606.08415, section 2."""
    squared = F.square(values)
    inner = F.elemwise_mul(values, squared * (0.044715 * math.sqrt(2 / math.pi)))
    inner = F.elemwise_add(inner, values * math.sqrt(2 / math.pi))
    return F.elemwise_mul(values, F.tanh(inner) * 0.5 + 0.5)

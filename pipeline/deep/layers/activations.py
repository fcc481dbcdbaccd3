"""Activations by name."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from mxnet.gluon import HybridBlock, nn
from mxnet.initializer import Constant

_LEAK = 0.01
_FIRST_LEAK = 0.25
_PIECES = 2
# G. Klambauer et al., "Self-normalizing neural networks", NeurIPS 2017, section 2.
_SELU_SCALE, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


# Gluon's own of these compute in float32 whatever they are given, too coarse for `gradcheck`.


class Leaky(HybridBlock):  # type: ignore[misc]
    """A slope of 0.01 below 0."""

    def hybrid_forward(self, F: Any, inputs: Any) -> Any:  # noqa: N803 - MXNet's name
        """Of the same shape."""
        return F.maximum(inputs, _LEAK * inputs)


class PReLU(HybridBlock):  # type: ignore[misc]
    """A slope below 0 that is learnt, one for the layer.

    K. He et al., "Delving deep into rectifiers", ICCV 2015, section 2.1.
    """

    def __init__(self) -> None:
        super().__init__()
        with self.name_scope():
            self.alpha = self.params.get("alpha", shape=(1,), init=Constant(_FIRST_LEAK))

    def hybrid_forward(self, F: Any, inputs: Any, alpha: Any) -> Any:  # noqa: N803
        """Of the same shape."""
        below = F.minimum(inputs, F.zeros_like(inputs))
        return F.relu(inputs) + F.broadcast_mul(below, F.reshape(alpha, shape=(1, 1)))


class SELU(HybridBlock):  # type: ignore[misc]
    """Exponential below 0, scaled so that mean and variance are kept."""

    def hybrid_forward(self, F: Any, inputs: Any) -> Any:  # noqa: N803 - MXNet's name
        """Of the same shape."""
        below = F.minimum(inputs, F.zeros_like(inputs))
        return _SELU_SCALE * (F.relu(inputs) + _SELU_ALPHA * (F.exp(below) - 1))


class GELU(HybridBlock):  # type: ignore[misc]
    """The input times the share of a normal distribution that is below it.

    D. Hendrycks, K. Gimpel, arXiv 1606.08415, section 2.
    """

    def hybrid_forward(self, F: Any, inputs: Any) -> Any:  # noqa: N803 - MXNet's name
        """Of the same shape."""
        return inputs * (0.5 + 0.5 * F.erf(inputs * math.sqrt(0.5)))


class MaxOut(HybridBlock):  # type: ignore[misc]
    """The greatest of several linear pieces.

    The layer before gives `PIECES` times as many units; unit i is the greatest of the inputs i,
    i + units, and so on.

    References
    ----------
    I. Goodfellow et al., "Maxout networks", ICML 2013, section 2.
    """

    def hybrid_forward(self, F: Any, inputs: Any) -> Any:  # noqa: N803 - MXNet's name
        """From shape (rows, pieces * units) to (rows, units)."""
        return F.max(F.reshape(inputs, shape=(0, _PIECES, -1)), axis=1)


_ACTIVATIONS: Mapping[str, Callable[[], Any]] = {
    "relu": lambda: nn.Activation("relu"),
    "tanh": lambda: nn.Activation("tanh"),
    "leaky": Leaky,
    "prelu": PReLU,
    "elu": nn.ELU,
    "selu": SELU,
    "gelu": GELU,
    "swish": nn.Swish,
    "maxout": MaxOut,
}


def activation(name: str) -> Any:
    """The block of an activation."""
    return _ACTIVATIONS[name]()


def pieces(name: str) -> int:
    """By how much the layer before an activation is wider than its units."""
    return _PIECES if name == "maxout" else 1

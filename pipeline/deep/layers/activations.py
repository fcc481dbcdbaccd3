"""Activations by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mxnet.gluon import HybridBlock, nn

_LEAK = 0.01
_PIECES = 2


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
    "leaky": lambda: nn.LeakyReLU(_LEAK),
    "prelu": nn.PReLU,
    "elu": nn.ELU,
    "selu": nn.SELU,
    "gelu": nn.GELU,
    "swish": nn.Swish,
    "maxout": MaxOut,
}


def activation(name: str) -> Any:
    """The block of an activation."""
    return _ACTIVATIONS[name]()


def pieces(name: str) -> int:
    """By how much the layer before an activation is wider than its units."""
    return _PIECES if name == "maxout" else 1

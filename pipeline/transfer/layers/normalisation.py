"""Layer normalisation, several times as fast backward on CPUs as MXNet's own operator."""

from __future__ import annotations

from typing import Any

from mxnet.gluon import HybridBlock


class LayerNorm(HybridBlock):  # type: ignore[misc]
    """Normalisation of each token's vector: J. L. Ba, J. R. Kiros, G. E. Hinton, "Layer
    Normalization", arXiv:1607.06450, equation 3.

    MXNet's operator takes twelve times as long backward as forward, for its sums over an axis are
    slow. Here sums and copies along an axis are matrix products with a vector of ones.

    Parameters
    ----------
    width : int
        Length of the last axis.
    epsilon : float
        What is added to the variance.
    """

    def __init__(self, width: int, epsilon: float) -> None:
        super().__init__()
        self._width = width
        self._epsilon = epsilon
        with self.name_scope():
            self.gamma = self.params.get("gamma", shape=(width,), init="ones")
            self.beta = self.params.get("beta", shape=(width,), init="zeros")

    def hybrid_forward(self, F: Any, values: Any, gamma: Any, beta: Any) -> Any:  # noqa: N803
        """Of the same shape: (rows, length, width)."""

        def product(left: Any, weight: Any, units: int) -> Any:
            return F.FullyConnected(left, weight, num_hidden=units, no_bias=True, flatten=False)

        ones = F.ones_like(F.BlockGrad(gamma))
        average = F.reshape(ones / self._width, shape=(1, -1))
        mean = product(values, average, 1)
        centred = F.elemwise_sub(values, product(mean, _column(F, ones), self._width))
        variance = product(F.square(centred), average, 1)
        scale = product((variance + self._epsilon) ** -0.5, _column(F, gamma), self._width)
        shift = product(F.ones_like(mean), _column(F, beta), self._width)
        return F.elemwise_add(F.elemwise_mul(centred, scale), shift)


def _column(F: Any, vector: Any) -> Any:  # noqa: N803 - MXNet's name
    return F.reshape(vector, shape=(-1, 1))

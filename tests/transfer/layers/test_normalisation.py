from __future__ import annotations

import mxnet as mx
import numpy as np
import pytest

from pipeline.transfer.layers.normalisation import LayerNorm
from tests.transfer.golden import gradients

WIDTH, EPSILON = 48, 1e-5


@pytest.mark.parametrize("hybrid", [False, True])
def test_values_and_gradients_are_those_of_mxnets_operator(hybrid: bool) -> None:
    random = np.random.RandomState(0)
    values = mx.nd.array(random.normal(3, 2, (4, 5, WIDTH)))
    weights = mx.nd.array(random.normal(size=(4, 5, WIDTH)))
    gamma, beta = (mx.nd.array(random.normal(size=WIDTH)) for _ in range(2))
    block = LayerNorm(WIDTH, EPSILON)
    block.initialize()
    block.gamma.set_data(gamma)
    block.beta.set_data(beta)
    block.hybridize(hybrid)
    for array in (values, gamma, beta):
        array.attach_grad()
    with mx.autograd.record():
        expected = mx.nd.LayerNorm(values, gamma, beta, eps=EPSILON)
    expected.backward(weights)
    of_values = values.grad.asnumpy()
    with mx.autograd.record():
        found = block(values)
    found.backward(weights)
    np.testing.assert_allclose(found.asnumpy(), expected.asnumpy(), atol=5e-6)
    np.testing.assert_allclose(values.grad.asnumpy(), of_values, atol=5e-6)
    own = gradients(block)
    np.testing.assert_allclose(own["gamma"], gamma.grad.asnumpy(), atol=5e-5)
    np.testing.assert_allclose(own["beta"], beta.grad.asnumpy(), atol=5e-5)


def test_a_vector_far_from_zero_keeps_its_digits() -> None:
    """The mean is taken off before squares are summed."""
    block = LayerNorm(WIDTH, 1e-12)
    block.initialize()
    values = 1_000 + np.random.RandomState(1).normal(size=(1, 1, WIDTH)).astype(np.float32)
    exact = values.astype(np.float64)
    exact = (exact - exact.mean()) / exact.std()
    np.testing.assert_allclose(block(mx.nd.array(values)).asnumpy(), exact, atol=1e-3)

from __future__ import annotations

import math
from collections.abc import Callable

import mxnet as mx
import numpy as np
import pytest

from pipeline.transfer.layers.activations import activated

VALUES = np.linspace(-6, 6, 49, dtype=np.float32)


def gelu(x: float) -> float:
    return x * (1 + math.erf(x / math.sqrt(2))) / 2


def gelu_tanh(x: float) -> float:
    return x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2


def silu(x: float) -> float:
    return x / (1 + math.exp(-x))


def relu(x: float) -> float:
    return max(x, 0.0)


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("gelu", gelu),
        ("gelu_new", gelu_tanh),
        ("gelu_pytorch_tanh", gelu_tanh),
        ("relu", relu),
        ("silu", silu),
        ("swish", silu),
    ],
)
def test_each_name_is_the_published_function(name: str, function: Callable[[float], float]) -> None:
    found = activated(mx.nd, mx.nd.array(VALUES), name).asnumpy()
    np.testing.assert_allclose(found, [function(float(x)) for x in VALUES], atol=2e-6)

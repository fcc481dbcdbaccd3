"""What activations make of numbers, by their formulas."""

from __future__ import annotations

import math
from collections.abc import Callable

import mxnet as mx
import numpy as np
import pytest

from pipeline.deep.choices import ACTIVATIONS
from pipeline.deep.layers.activations import activation, pieces

NUMBERS = np.array([-3.0, -1.0, -0.1, 0.0, 0.5, 2.0])
FORMULAS: dict[str, Callable[[float], float]] = {
    "relu": lambda x: max(x, 0),
    "tanh": math.tanh,
    "leaky": lambda x: x if x > 0 else 0.01 * x,
    "prelu": lambda x: x if x > 0 else 0.25 * x,  # the slope it begins with
    "elu": lambda x: x if x > 0 else math.exp(x) - 1,
    "selu": lambda x: 1.0507 * (x if x > 0 else 1.67326 * (math.exp(x) - 1)),
    "gelu": lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2,
    "swish": lambda x: x / (1 + math.exp(-x)),
}


def _of(name: str, numbers: np.ndarray) -> np.ndarray:
    block = activation(name)
    block.initialize()
    block.hybridize()
    return np.asarray(block(mx.nd.array(numbers.reshape(1, -1))).asnumpy())


@pytest.mark.parametrize("name", FORMULAS)
def test_it_is_its_formula(name: str) -> None:
    assert _of(name, NUMBERS)[0] == pytest.approx([FORMULAS[name](x) for x in NUMBERS], abs=1e-4)
    assert pieces(name) == 1


def test_maxout_is_the_greatest_of_its_pieces() -> None:
    assert pieces("maxout") == 2
    assert _of("maxout", NUMBERS).tolist() == [[0.0, 0.5, 2.0]]  # of units i and i + 3


def test_every_activation_that_can_be_chosen_is_there() -> None:
    assert set(ACTIVATIONS) == {*FORMULAS, "maxout", "auto"}


def test_the_slope_of_prelu_is_learnt() -> None:
    block = activation("prelu")
    block.initialize()
    with mx.autograd.record():
        block(mx.nd.array([[-2.0]])).backward()
    (slope,) = block.collect_params().values()
    assert slope.data().asnumpy().tolist() == [0.25]
    assert slope.grad().asnumpy().tolist() == [-2.0]

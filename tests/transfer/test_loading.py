from __future__ import annotations

from pathlib import Path
from typing import Any

import mxnet as mx
import numpy as np
import pytest
from mxnet.gluon import nn

from pipeline.errors import ModelError
from pipeline.transfer.loading import set_parameters

WEIGHTS = {"weight": np.ones((2, 3), np.float32), "bias": np.zeros(2, np.float32)}


@pytest.fixture
def block() -> Any:
    return nn.Dense(2, in_units=3)


def test_weights_are_set_whether_or_not_there_were_some(block: Any) -> None:
    for factor in (1, 2):
        doubled = {name: factor * array for name, array in WEIGHTS.items()}
        set_parameters(block, doubled, Path("here"))
        np.testing.assert_array_equal(block.weight.data().asnumpy(), doubled["weight"])


def test_a_frozen_weight_stays_frozen(block: Any) -> None:
    block.collect_params().setattr("grad_req", "null")
    set_parameters(block, WEIGHTS, Path("here"))
    assert {parameter.grad_req for parameter in block.collect_params().values()} == {"null"}
    assert block(mx.nd.ones((1, 3))).asnumpy().tolist() == [[3, 3]]


@pytest.mark.parametrize(
    "weights",
    [
        {"weight": WEIGHTS["weight"]},
        {**WEIGHTS, "bias": np.zeros(3, np.float32)},
        {**WEIGHTS, "other": np.zeros(3, np.float32)},
    ],
)
def test_nothing_is_set_unless_everything_fits(block: Any, weights: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match=r"here has other weights than this Dense: (bias|other);"):
        set_parameters(block, weights, Path("here"))
    assert block.weight._data is None

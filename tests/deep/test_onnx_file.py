"""Networks as ONNX files: onnxruntime, which knows no MXNet, gives what MXNet gives."""

from __future__ import annotations

import json
from typing import Any

import mxnet as mx
import numpy as np
import onnx
import onnxruntime
import pytest
from mxnet import autograd

from pipeline.deep.communication import Alone
from pipeline.deep.feed import Batch
from pipeline.deep.inputs import InputLayout
from pipeline.deep.live_network import LiveNetwork
from pipeline.deep.network_file import SavedNetwork, softmax
from pipeline.deep.objectives import Regression
from pipeline.deep.onnx_file import to_onnx
from pipeline.deep.standard import Standard
from pipeline.errors import UserError
from tests.deep.recipes import recipe

TABLE = InputLayout((0, 1, 3), (2, 4), (3, 5), unmarked=frozenset({1}))
ROWS = 6


def _matrix(layout: InputLayout, has_holes: bool = True) -> np.ndarray:
    rng = np.random.default_rng(0)
    found = rng.normal(size=(ROWS, len(layout.numeric) + len(layout.categorical)))
    for place, size in zip(layout.categorical, layout.sizes, strict=True):
        found[:, place] = rng.integers(0, size, ROWS)
    if has_holes:
        found[0, :] = np.nan
    return found.astype(np.float32)


def _natives(layout: InputLayout, outputs: int, **params: Any) -> dict[str, bytes]:
    """A network that has seen a few rows in training."""
    count = len(layout.numeric)
    rng = np.random.default_rng(1)
    standard = Standard(
        rng.normal(size=count).astype(np.float32),
        rng.uniform(0.5, 2, count).astype(np.float32),
        np.array([place in layout.unmarked for place in layout.numeric], dtype=bool),
    )
    mx.random.seed(0)
    net = LiveNetwork(recipe(**params), layout, standard, outputs, mx.cpu())
    matrix = _matrix(layout)
    zeros = np.zeros(ROWS, np.float32)
    batch = Batch(layout.numbers(matrix), layout.codes(matrix), zeros, zeros, ROWS)
    net.enter(net.stages, batch, Alone())
    with autograd.train_mode():  # running statistics move
        net(batch).wait_to_read()
    return net.export()


def _scored(content: bytes, layout: InputLayout, matrix: np.ndarray) -> dict[str, np.ndarray]:
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    given = {"numbers": layout.numbers(matrix), "codes": layout.codes(matrix)}
    inputs = {each.name: given[each.name] for each in session.get_inputs()}
    names = [each.name for each in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs), strict=True))


def _require_equal(layout: InputLayout, matrix: np.ndarray, **params: Any) -> None:
    natives = _natives(layout, 3, **params)
    expected = SavedNetwork(natives, layout, 3).outputs(matrix)
    content = to_onnx(natives, layout, None, {})
    for rows in (matrix, matrix[:1]):
        found = _scored(content, layout, rows)
        assert found["rawPrediction"] == pytest.approx(expected[: len(rows)], abs=1e-5)
        assert found["probability"] == pytest.approx(softmax(expected)[: len(rows)], abs=1e-5)


@pytest.mark.parametrize(
    "activation",
    ["relu", "tanh", "leaky", "prelu", "elu", "selu", "gelu", "swish", "maxout"],
)
def test_every_activation_is_told(activation: str) -> None:
    _require_equal(TABLE, _matrix(TABLE), activation=activation, hidden=[8, 4])


@pytest.mark.parametrize(
    "params",
    [
        {"network": "mlp", "normalisation": "layer"},
        {"network": "residual"},
        {"network": "hierarchical", "groups": [[0, 2]]},
        {"network": "hierarchical", "groups": [[2, 4]]},
    ],
    ids=lambda params: str(params["network"]),
)
def test_networks_for_tables_are_told(params: dict[str, Any]) -> None:
    _require_equal(TABLE, _matrix(TABLE), hidden=[8, 4], **params)


@pytest.mark.parametrize("layout", [InputLayout((0, 1), (), ()), InputLayout((), (0, 1), (3, 4))])
def test_a_network_for_one_kind_of_columns_has_one_input(layout: InputLayout) -> None:
    _require_equal(layout, _matrix(layout), hidden=[4])
    content = to_onnx(_natives(layout, 2, hidden=[4]), layout, None, {})
    inputs = [each.name for each in onnxruntime.InferenceSession(content).get_inputs()]
    assert inputs == (["numbers"] if layout.numeric else ["codes"])


@pytest.mark.parametrize(
    ("cell", "bidirectional"), [("lstm", False), ("lstm", True), ("gru", False)]
)
def test_networks_for_sequences_are_told(cell: str, bidirectional: bool) -> None:
    layout = InputLayout(tuple(range(8)), (), ())
    params = {"sequence_channels": 2, "cell": cell, "bidirectional": bidirectional}
    _require_equal(layout, _matrix(layout), network="recurrent", hidden=[6, 5], **params)


@pytest.mark.slow
@pytest.mark.parametrize("backbone", ["resnet18_v1", "resnet18_v2"])
def test_networks_for_images_are_told(backbone: str) -> None:
    layout = InputLayout(tuple(range(16 * 16)), (), ())
    params = {"image_shape": [16, 16, 1], "backbone": backbone}
    _require_equal(layout, _matrix(layout), network="convolutional", **params)


def test_values_are_in_the_labels_unit() -> None:
    natives = _natives(TABLE, 1, hidden=[4])
    target = Regression(mean=250.0, scale=40.0)
    matrix = _matrix(TABLE)
    found = _scored(to_onnx(natives, TABLE, target, {}), TABLE, matrix)
    expected = target.values(SavedNetwork(natives, TABLE, 1).outputs(matrix)[:, 0])
    assert list(found) == ["prediction"]
    assert found["prediction"] == pytest.approx(expected, rel=1e-5)


def test_the_file_says_what_its_inputs_are() -> None:
    facts = {"numbers": json.dumps(["age"])}
    content = to_onnx(_natives(TABLE, 2, hidden=[4]), TABLE, None, facts)
    told = {each.key: each.value for each in onnx.load_from_string(content).metadata_props}
    assert json.loads(told["numbers"]) == ["age"]


def test_what_mxnet_cannot_write_is_told() -> None:
    layout = InputLayout(tuple(range(4)), (), ())
    given = {"network": "recurrent", "cell": "gru", "bidirectional": True, "hidden": [3]}
    with pytest.raises(UserError, match=r"cannot be written as ONNX.*bidirectional"):
        to_onnx(_natives(layout, 2, **given), layout, None, {})
    natives = _natives(TABLE, 2, hidden=[4])
    symbol = mx.sym.load_json(natives["network-symbol.json"].decode())
    strange = {**natives, "network-symbol.json": mx.sym.gamma(symbol).tojson().encode()}
    with pytest.raises(UserError, match=r"cannot be written as ONNX.*gamma"):
        to_onnx(strange, TABLE, None, {})

from __future__ import annotations

from pathlib import Path

import mxnet as mx
import numpy as np
import onnx
import onnxruntime
import pytest
from mxnet.onnx.mx2onnx._export_onnx import MXNetGraph

from pipeline.errors import ModelError, UserError
from pipeline.transfer.checkpoints import read
from pipeline.transfer.encoder import build_encoder, load_encoder
from pipeline.transfer.heads import build_head, load_head
from tests.transfer import made_checkpoints as made
from tests.transfer.golden import FAMILIES, arrays, golden, golden_gradients, gradients, loaded


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    "hybrid", [{}, {"active": True}, {"static_alloc": True, "static_shape": True}]
)
def test_hidden_states_are_those_of_transformers(
    tmp_path: Path, family: str, hybrid: dict[str, bool]
) -> None:
    """Padded positions, too."""
    encoder = loaded(read(made.write(tmp_path, family)), **hybrid)
    hidden = encoder(*arrays(*made.inputs(family))).asnumpy()
    np.testing.assert_allclose(hidden, golden(family)["hidden"], atol=5e-6)


@pytest.mark.parametrize("family", FAMILIES)
def test_gradients_are_those_of_transformers(tmp_path: Path, family: str) -> None:
    """Of all weights, the head's among them."""
    checkpoint = read(made.write(tmp_path, family))
    encoder, head = loaded(checkpoint), build_head(checkpoint.config, checkpoint.outputs)
    load_head(head, checkpoint)
    ids, token_types, mask = arrays(*made.inputs(family))
    (weights,) = arrays(made.weights_of_loss())
    labels = mx.nd.arange(len(made.LENGTHS)) % 2
    cross_entropy = mx.gluon.loss.SoftmaxCrossEntropyLoss()
    # Gradients of training, but nothing is dropped.
    with mx.autograd.record(train_mode=False):
        hidden = encoder(ids, token_types, mask)
        loss = (hidden * weights * mask.expand_dims(2)).sum()
        loss = loss + cross_entropy(head(hidden, mask), labels).sum()
    loss.backward()
    expected = golden_gradients(checkpoint, family)
    found = gradients(encoder)
    assert set(found) == set(expected.encoder)
    for name, array in expected.encoder.items():
        np.testing.assert_allclose(found[name], array, atol=5e-5, err_msg=name)
    of_head = gradients(head)
    for name, array in expected.head.items():
        np.testing.assert_allclose(of_head[name], array, atol=5e-5, err_msg=name)


@pytest.mark.parametrize("family", FAMILIES)
def test_padding_changes_nothing(tmp_path: Path, family: str) -> None:
    encoder = loaded(read(made.write(tmp_path, family)))
    whole = encoder(*arrays(*made.inputs(family))).asnumpy()
    for row, length in enumerate(made.LENGTHS):
        alone = (array[row : row + 1, :length] for array in made.inputs(family))
        np.testing.assert_allclose(
            encoder(*arrays(*alone)).asnumpy()[0], whole[row, :length], atol=5e-6
        )


@pytest.mark.parametrize("family", FAMILIES)
def test_rows_longer_than_the_positions_are_refused(tmp_path: Path, family: str) -> None:
    checkpoint = read(made.write(tmp_path, family))
    longest = checkpoint.config.longest
    for hybrid in ({}, {"active": True}):
        encoder = loaded(checkpoint, **hybrid)
        full = [np.full((2, longest), value) for value in (3, 0, 1)]
        assert encoder(*arrays(*full)).shape == (2, longest, made.WIDTH)
        over = [np.full((2, longest + 1), value) for value in (3, 0, 1)]
        with pytest.raises(UserError, match=f"{longest + 1} tokens are too long.* {longest};"):
            encoder(*arrays(*over))


@pytest.mark.parametrize("family", FAMILIES)
def test_an_exported_encoder_gives_the_same(tmp_path: Path, family: str) -> None:
    encoder = loaded(read(made.write(tmp_path, family)), active=True)
    inputs = arrays(*made.inputs(family))
    expected = encoder(*inputs).asnumpy()
    encoder.export(str(tmp_path / "network"))
    again = mx.gluon.SymbolBlock.imports(
        str(tmp_path / "network-symbol.json"),
        ["data0", "data1", "data2"],
        str(tmp_path / "network-0000.params"),
    )
    np.testing.assert_allclose(again(*inputs).asnumpy(), expected, atol=1e-6)
    # Any number of rows, and of tokens in them.
    short = [array[:1, :3] for array in inputs]
    np.testing.assert_allclose(again(*short).asnumpy(), encoder(*short).asnumpy(), atol=1e-6)


@pytest.mark.parametrize("family", FAMILIES)
def test_an_encoder_can_be_told_in_onnx(
    tmp_path: Path, family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By MXNet's exporter as it is, with any number of rows and of tokens in them."""
    encoder = loaded(read(made.write(tmp_path, family)), active=True)
    inputs = arrays(*made.inputs(family))
    encoder(*inputs)
    encoder.export(str(tmp_path / "network"))
    symbol = mx.sym.load(str(tmp_path / "network-symbol.json"))
    weights = mx.nd.load(str(tmp_path / "network-0000.params"))
    # MXNet checks its graph as one of the newest opset, which it is not; the model is checked.
    monkeypatch.setattr(onnx.checker, "check_graph", lambda *_given, **_named: None)
    graph = MXNetGraph().create_onnx_graph_proto(
        symbol,
        {name.partition(":")[2]: array for name, array in weights.items()},
        [(3, 6)] * 3,
        [onnx.TensorProto.FLOAT] * 3,
        opset_version=13,
        dynamic=True,
        dynamic_input_shapes=[("rows", "tokens")] * 3,
    )
    opset = onnx.helper.make_opsetid("", 13)
    model = onnx.helper.make_model(graph, ir_version=8, opset_imports=[opset])
    onnx.checker.check_model(model)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    for rows, length in ((3, 6), (1, 4)):
        given = [array[:rows, :length] for array in inputs]
        named = {f"data{index}": array.asnumpy() for index, array in enumerate(given)}
        (found,) = session.run(None, named)
        np.testing.assert_allclose(found, encoder(*given).asnumpy(), atol=5e-6)


def test_an_encoder_without_a_checkpoint_starts_at_random_and_learns(tmp_path: Path) -> None:
    checkpoint = read(made.write(tmp_path, "bert"))
    encoder, head = build_encoder(checkpoint.config), build_head(checkpoint.config, 2)
    mx.random.seed(1)
    encoder.initialize()
    head.initialize()
    words = encoder.embeddings.words.weight.data().asnumpy()
    assert 0.015 < words.std() < 0.025
    assert not encoder.layers[0].inner.bias.data().asnumpy().any()
    both = {**encoder.collect_params(), **head.collect_params()}
    trainer = mx.gluon.Trainer(both, "adam", {"learning_rate": 0.01})
    cross_entropy = mx.gluon.loss.SoftmaxCrossEntropyLoss()
    inputs, losses = arrays(*made.inputs("bert")), []
    for _ in range(20):
        with mx.autograd.record():
            loss = cross_entropy(head(encoder(*inputs), inputs[2]), mx.nd.array([0, 1, 0]))
        loss.backward()
        trainer.step(3)
        losses.append(float(loss.mean().asscalar()))
    assert losses[-1] < 0.5 * losses[0]


def test_weights_of_a_larger_encoder_do_not_go_into_a_smaller_one(tmp_path: Path) -> None:
    checkpoint = read(made.write(tmp_path / "bert", "bert"))
    other = read(made.write(tmp_path / "roberta", "roberta"))
    with pytest.raises(ModelError, match=r"has other weights than this Encoder: embeddings\.types"):
        load_encoder(build_encoder(other.config), checkpoint)

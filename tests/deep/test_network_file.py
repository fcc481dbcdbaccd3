"""A trained network, made from its files again."""

from __future__ import annotations

from pathlib import Path

import mxnet as mx
import numpy as np
import pytest

from pipeline.deep.inputs import InputLayout
from pipeline.deep.network_file import SYMBOL, WEIGHTS, SavedNetwork, layers_of, softmax
from pipeline.deep.networks.mlp import Mlp
from pipeline.errors import UserError
from tests.deep.recipes import recipe


@pytest.mark.parametrize(
    ("numeric", "categorical", "sizes"),
    [((0, 2), (1,), (3,)), ((0, 1, 2), (), ()), ((), (1, 2), (3, 3)), ((2,), (), ())],
)
def test_it_gives_what_the_network_gave(
    numeric: tuple[int, ...], categorical: tuple[int, ...], sizes: tuple[int, ...], tmp_path: Path
) -> None:
    layout = InputLayout(numeric, categorical, sizes)
    zeros = np.zeros(len(numeric), np.float32)
    net = Mlp(layout, zeros, zeros + 1, recipe(hidden=[4], dropout=0.5), 2)
    net.initialize(mx.init.Xavier())
    net.hybridize()
    matrix = np.random.default_rng(0).integers(0, 3, (10_000, 3)).astype(np.float32)
    inputs = layout.given(layout.numbers(matrix), layout.codes(matrix))
    expected = net(*map(mx.nd.array, inputs)).asnumpy()
    net.export(str(tmp_path / "network"))
    files = {name: (tmp_path / name).read_bytes() for name in (SYMBOL, WEIGHTS)}
    saved = SavedNetwork(files, layout, outputs=2)
    found = saved.outputs(matrix)
    assert found.shape == (10_000, 2)
    assert np.allclose(found, expected, atol=1e-6)
    assert saved.outputs(matrix[:0]).shape == (0, 2)


def test_any_layers_outputs_can_be_had(tmp_path: Path) -> None:
    layout = InputLayout((0, 2), (1,), (3,))
    zeros = np.zeros(2, np.float32)
    with mx.name.NameManager():
        net = Mlp(layout, zeros, zeros + 1, recipe(hidden=[4, 5], dropout=0.0), 2)
    net.initialize(mx.init.Xavier())
    net.hybridize()
    matrix = np.random.default_rng(0).integers(0, 3, (50, 3)).astype(np.float32)
    inputs = [*map(mx.nd.array, layout.given(layout.numbers(matrix), layout.codes(matrix)))]
    net(*inputs)
    net.export(str(tmp_path / "network"))
    files = {name: (tmp_path / name).read_bytes() for name in (SYMBOL, WEIGHTS)}
    names = layers_of(files[SYMBOL])
    assert [name for name in names if name.startswith("dense")] == ["dense0", "dense1", "dense2"]
    table = net.table(*inputs)
    first = net.body[0](table)
    for layer, expected in (
        ("dense0", first),
        ("dense1", net.body[3](net.body[2](net.body[1](first)))),
        ("dense2", net(*inputs)),
    ):
        found = SavedNetwork(files, layout, 2, layer=layer).layer(matrix)
        assert np.allclose(found, expected.asnumpy(), atol=1e-5)
    # A layer that needs no categories is computed without them.
    marks = next(name for name in names if "equal" in name)
    assert SavedNetwork(files, layout, 2, layer=marks).layer(matrix).shape == (50, 2)
    with pytest.raises(UserError, match=r"outputLayer: .* no layer dens1; did you mean"):
        SavedNetwork(files, layout, 2, layer="dens1")


def test_softmax_holds_for_large_scores() -> None:
    found = softmax(np.array([[1000.0, 1000.0], [0.0, -1e9]]))
    assert np.allclose(found, [[0.5, 0.5], [1, 0]])
    assert softmax(np.zeros((0, 3))).shape == (0, 3)

"""A trained network, made from its files again."""

from __future__ import annotations

from pathlib import Path

import mxnet as mx
import numpy as np
import pytest

from pipeline.deep.inputs import InputLayout
from pipeline.deep.network_file import SYMBOL, WEIGHTS, SavedNetwork, softmax
from pipeline.deep.networks.mlp import Mlp
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


def test_softmax_holds_for_large_scores() -> None:
    found = softmax(np.array([[1000.0, 1000.0], [0.0, -1e9]]))
    assert np.allclose(found, [[0.5, 0.5], [1, 0]])
    assert softmax(np.zeros((0, 3))).shape == (0, 3)

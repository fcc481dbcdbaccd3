from __future__ import annotations

from pathlib import Path

import mxnet as mx
import numpy as np

from pipeline.transfer.checkpoints import read_config
from pipeline.transfer.layers.embeddings import CountedPositions, FixedPositions
from tests.transfer import made_checkpoints as made


def test_roberta_counts_tokens_and_gives_padding_its_own_position(tmp_path: Path) -> None:
    made.write_config(tmp_path, "roberta")
    positions = CountedPositions(read_config(tmp_path))
    rows = np.arange(made.POSITIONS, dtype=np.float32)
    positions.initialize()
    positions.weight.set_data(mx.nd.array(np.repeat(rows[:, None], made.WIDTH, axis=1)))
    ids = mx.nd.array([[5, 6, 7, 1], [1, 5, 1, 6]])
    found = positions(ids, mx.nd.zeros((2, 4, made.WIDTH))).asnumpy()[:, :, 0]
    assert found.tolist() == [[2, 3, 4, 1], [1, 2, 1, 3]]


def test_bert_numbers_the_columns(tmp_path: Path) -> None:
    made.write_config(tmp_path, "bert")
    positions = FixedPositions(read_config(tmp_path))
    positions.initialize()
    known = mx.nd.zeros((2, 3, made.WIDTH))
    found = positions(mx.nd.array([[0, 5, 6], [0, 0, 0]]), known).asnumpy()
    expected = positions.weight.data().asnumpy()[:3]
    np.testing.assert_array_equal(found, np.stack([expected, expected]))

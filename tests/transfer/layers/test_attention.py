from __future__ import annotations

from pathlib import Path

import mxnet as mx
import numpy as np

from pipeline.transfer.checkpoints import read_config
from pipeline.transfer.layers.attention import SelfAttention, penalties
from tests.transfer import made_checkpoints as made

MASK = np.array([[1, 1, 0], [0, 1, 1]], np.float32)


def test_every_query_of_every_head_leaves_padding_out() -> None:
    found = penalties(mx.nd, mx.nd.array(MASK), 2).asnumpy()
    assert found.shape == (4, 3, 3)
    for row in range(4):
        np.testing.assert_array_equal(found[row] == 0, np.tile(MASK[row // 2] == 1, (3, 1)))


def test_heads_attend_as_the_paper_says(tmp_path: Path) -> None:
    made.write_config(tmp_path, "bert")
    attention = SelfAttention(read_config(tmp_path))
    attention.initialize(mx.init.Normal(0.5))
    random = np.random.RandomState(0)
    for parameter in attention.collect_params().values():
        parameter.set_data(mx.nd.array(random.normal(size=parameter.shape)))
    values = random.normal(size=(2, 3, made.WIDTH)).astype(np.float32)
    found = attention(mx.nd.array(values), penalties(mx.nd, mx.nd.array(MASK), made.HEADS))
    projection, output = attention.projection, attention.output
    stacked = values @ projection.weight.data().asnumpy().T + projection.bias.data().asnumpy()
    size = made.WIDTH // made.HEADS
    mixed = np.zeros_like(values)
    for head in range(made.HEADS):
        part = slice(head * size, (head + 1) * size)
        query, key, value = (each[:, :, part] for each in np.split(stacked, 3, axis=2))
        scores = np.exp(query @ key.transpose(0, 2, 1) / np.sqrt(size)) * MASK[:, None, :]
        mixed[:, :, part] = scores / scores.sum(axis=2, keepdims=True) @ value
    expected = mixed @ output.weight.data().asnumpy().T + output.bias.data().asnumpy()
    np.testing.assert_allclose(found.asnumpy(), expected, atol=2e-5)

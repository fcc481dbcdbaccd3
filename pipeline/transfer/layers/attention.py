"""Self-attention with several heads."""

from __future__ import annotations

from typing import Any

from mxnet.gluon import HybridBlock, nn

from pipeline.transfer.checkpoints.configuration import EncoderConfig
from pipeline.transfer.layers.weights import dense

_MUCH = 1e9


class SelfAttention(HybridBlock):  # type: ignore[misc]
    """A. Vaswani et al., "Attention Is All You Need", arXiv:1706.03762, section 3.2.2.

    Queries, keys and values come from one product: their weights are stacked.

    Parameters
    ----------
    config : EncoderConfig
        The encoder's architecture.
    """

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        width, deviation = config.hidden_size, config.initializer_range
        self._heads = config.num_attention_heads
        self._scale = (width // self._heads) ** -0.5
        with self.name_scope():
            self.projection = dense(3 * width, width, deviation)
            self.dropout = nn.Dropout(config.attention_probs_dropout_prob)
            self.output = dense(width, width, deviation)

    def hybrid_forward(self, F: Any, values: Any, penalty: Any) -> Any:  # noqa: N803 - MXNet's name
        """From shape (rows, length, width), and a penalty of (rows * heads, length, length)."""
        parts = F.reshape(self.projection(values), shape=(0, 0, 3 * self._heads, -1))
        by_head = F.split(F.transpose(parts, axes=(0, 2, 1, 3)), num_outputs=3, axis=1)
        queries, keys, found = (F.reshape(part, shape=(-1, 0, 0), reverse=True) for part in by_head)
        scores = F.batch_dot(queries * self._scale, keys, transpose_b=True)
        shares = self.dropout(F.softmax(F.elemwise_add(scores, penalty)))
        mixed = F.reshape(F.batch_dot(shares, found), shape=(-1, self._heads, 0, 0), reverse=True)
        mixed = F.transpose(mixed, axes=(0, 2, 1, 3))
        return self.output(F.reshape(mixed, shape=(0, 0, -1)))


def penalties(F: Any, mask: Any, heads: int) -> Any:  # noqa: N803 - MXNet's name
    """What is added to scores, so that no token attends to padding.

    Parameters
    ----------
    F : module
        `mxnet.nd` or `mxnet.sym`.
    mask : NDArray, shape (rows, length)
        1 for tokens, 0 for padding.
    heads : int
        Heads of attention.

    Returns
    -------
    NDArray, shape (rows * heads, length, length)
        Whole, once for all layers: an operator that repeats it would be slower in each of them.
    """
    of_keys = F.reshape((mask - 1) * _MUCH, shape=(0, 1, 1, -1))
    queries = F.zeros_like(F.slice_axis(mask, axis=0, begin=0, end=1))
    by_query = F.broadcast_add(of_keys, F.reshape(queries, shape=(1, 1, -1, 1)))
    by_head = F.broadcast_axis(by_query, axis=1, size=heads)
    return F.BlockGrad(F.reshape(by_head, shape=(-1, 0, 0), reverse=True))

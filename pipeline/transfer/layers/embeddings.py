"""The first layer of an encoder: words, positions and token types become vectors."""

from __future__ import annotations

from typing import Any

from mxnet import init
from mxnet.gluon import HybridBlock, nn

from pipeline.transfer.checkpoints.configuration import EncoderConfig
from pipeline.transfer.layers.normalisation import LayerNorm


class Embeddings(HybridBlock):  # type: ignore[misc]
    """The sum of a word's, a position's and, but for DistilBERT, a token type's vector.

    Parameters
    ----------
    config : EncoderConfig
        The encoder's architecture.
    """

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        width, start = config.hidden_size, init.Normal(config.initializer_range)
        self._has_types = config.type_vocab_size > 0
        positions = CountedPositions if config.family == "roberta" else FixedPositions
        with self.name_scope():
            self.words = nn.Embedding(config.vocab_size, width, weight_initializer=start)
            self.positions = positions(config)
            if self._has_types:
                self.types = nn.Embedding(config.type_vocab_size, width, weight_initializer=start)
            self.norm = LayerNorm(width, config.layer_norm_eps)
            self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def hybrid_forward(self, F: Any, ids: Any, token_types: Any) -> Any:  # noqa: N803
        """From shape (rows, length) to (rows, length, width)."""
        if self._has_types:
            known = F.elemwise_add(self.words(ids), self.types(token_types))
        else:
            # All families take the same three inputs, and Gluon wants each of them used.
            known = self.words(F.elemwise_add(ids, token_types * 0))
        return self.dropout(self.norm(F.elemwise_add(known, self.positions(ids, known))))


class FixedPositions(HybridBlock):  # type: ignore[misc]
    """The first column has the first position, whatever stands there.

    Parameters
    ----------
    config : EncoderConfig
        The encoder's architecture.
    """

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        shape = (config.max_position_embeddings, config.hidden_size)
        with self.name_scope():
            self.weight = self.params.get(
                "weight", shape=shape, init=init.Normal(config.initializer_range)
            )

    def hybrid_forward(self, F: Any, ids: Any, known: Any, weight: Any) -> Any:  # noqa: N803
        """Shape (rows, length, width), as `known` has it."""
        # More columns than positions are an error of slice_like.
        used = F.slice_like(F.expand_dims(weight, axis=0), known, axes=(1,))
        # A product with ones: its gradient is fast, that of an operator that repeats is not.
        ones = F.ones_like(F.slice_axis(ids, axis=1, begin=0, end=1))
        return F.reshape_like(F.dot(ones, F.reshape(used, shape=(1, -1))), known)


class CountedPositions(HybridBlock):  # type: ignore[misc]
    """RoBERTa's: padding has its own position, tokens are counted from the next one on.

    Parameters
    ----------
    config : EncoderConfig
        The encoder's architecture.
    """

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self._rows, self._width = config.max_position_embeddings, config.hidden_size
        self._padding = config.pad_token_id
        with self.name_scope():
            self.weight = self.params.get(
                "weight",
                shape=(self._rows, self._width),
                init=init.Normal(config.initializer_range),
            )

    def hybrid_forward(self, F: Any, ids: Any, known: Any, weight: Any) -> Any:  # noqa: N803
        """Shape (rows, length, width), as `known` has it."""
        is_token = F.clip(F.abs(ids - self._padding), 0, 1)
        columns = F.contrib.arange_like(ids, axis=1)
        # A sum over all columns up to this one; cumsum could not be told in ONNX.
        is_before = F.broadcast_lesser_equal(
            F.reshape(columns, shape=(-1, 1)), F.reshape(columns, shape=(1, -1))
        )
        counted = F.elemwise_mul(F.dot(is_token, is_before), is_token) + self._padding
        found = F.Embedding(counted, weight, input_dim=self._rows, output_dim=self._width)
        return F.reshape_like(found, known)

"""The encoder of a BERT-like checkpoint as a Gluon block. Imports MXNet: for executors only."""

from __future__ import annotations

from typing import Any

import mxnet as mx
from mxnet.gluon import HybridBlock, nn

from pipeline.errors import UserError
from pipeline.transfer.checkpoints.checkpoint import Checkpoint
from pipeline.transfer.checkpoints.configuration import EncoderConfig
from pipeline.transfer.layers.activations import activated
from pipeline.transfer.layers.attention import SelfAttention, penalties
from pipeline.transfer.layers.embeddings import Embeddings
from pipeline.transfer.layers.normalisation import LayerNorm
from pipeline.transfer.layers.weights import dense
from pipeline.transfer.loading import set_parameters


class Encoder(HybridBlock):  # type: ignore[misc]
    """J. Devlin et al., "BERT", arXiv:1810.04805, section 3; DistilBERT's and RoBERTa's, too.

    Called with token ids, token types and a mask (1 for tokens, 0 for padding), float32 of shape
    (rows, length) each; gives the last hidden states, float32 of shape (rows, length, width).

    Parameters
    ----------
    config : EncoderConfig
        Its architecture.
    """

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        with self.name_scope():
            self.embeddings = Embeddings(config)
            self.layers = nn.HybridSequential()
            for _ in range(config.num_hidden_layers):
                self.layers.add(EncoderLayer(config))

    def __call__(self, ids: Any, token_types: Any, mask: Any) -> Any:
        """The last hidden states.

        Raises
        ------
        UserError
            When rows are longer than the encoder has positions.
        """
        if isinstance(ids, mx.nd.NDArray):
            check_length(self.config, ids.shape[1])
        return super().__call__(ids, token_types, mask)

    def hybrid_forward(self, F: Any, ids: Any, token_types: Any, mask: Any) -> Any:  # noqa: N803
        """Layer after layer."""
        hidden = self.embeddings(ids, token_types)
        penalty = penalties(F, mask, self.config.num_attention_heads)
        for layer in self.layers:
            hidden = layer(hidden, penalty)
        return hidden


class EncoderLayer(HybridBlock):  # type: ignore[misc]
    """Attention and two dense layers, each added to what went in and normalised.

    Parameters
    ----------
    config : EncoderConfig
        The encoder's architecture.
    """

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        width, inner = config.hidden_size, config.intermediate_size
        self._act = config.hidden_act
        with self.name_scope():
            self.attention = SelfAttention(config)
            self.attention_norm = LayerNorm(width, config.layer_norm_eps)
            self.inner = dense(inner, width, config.initializer_range)
            self.outer = dense(width, inner, config.initializer_range)
            self.norm = LayerNorm(width, config.layer_norm_eps)
            self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def hybrid_forward(self, F: Any, hidden: Any, penalty: Any) -> Any:  # noqa: N803 - MXNet's name
        """Of the same shape: (rows, length, width)."""
        attended = self.dropout(self.attention(hidden, penalty))
        middle = self.attention_norm(F.elemwise_add(hidden, attended))
        inner = activated(F, self.inner(middle), self._act)
        return self.norm(F.elemwise_add(middle, self.dropout(self.outer(inner))))


def build_encoder(config: EncoderConfig) -> Encoder:
    """An encoder without weights: `initialize` starts it at random, `load_encoder` from a
    checkpoint.
    """
    return Encoder(config)


def load_encoder(encoder: Encoder, checkpoint: Checkpoint, device: Any = None) -> None:
    """Give an encoder the weights of a checkpoint.

    Parameters
    ----------
    encoder : Encoder
        Made from the checkpoint's config.
    checkpoint : Checkpoint
        What was read.
    device : Context, optional
        MXNet's device; the CPU by default.

    Raises
    ------
    ModelError
        When the encoder was made from another config.
    """
    set_parameters(encoder, checkpoint.encoder, checkpoint.directory, device)


def check_length(config: EncoderConfig, length: int) -> None:
    """Refuse rows that are longer than there are positions.

    Raises
    ------
    UserError
        When they are.
    """
    if length > config.longest:
        raise UserError(
            f"rows of {length} tokens are too long for this encoder, which has positions for "
            f"{config.longest}; truncate texts, or cut them into windows"
        )

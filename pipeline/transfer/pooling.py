"""One vector for each text from the vectors of its tokens. Imports MXNet: for executors only."""

from __future__ import annotations

from typing import Any

from mxnet.gluon import HybridBlock

from pipeline.errors import UserError
from pipeline.transfer.checkpoints.checkpoint import Checkpoint
from pipeline.transfer.checkpoints.configuration import EncoderConfig
from pipeline.transfer.layers.weights import dense
from pipeline.transfer.loading import set_parameters
from pipeline.transfer.text_options import POOLINGS


class FirstToken(HybridBlock):  # type: ignore[misc]
    """The vector of the first token, which is [CLS] in BERT."""

    def hybrid_forward(self, F: Any, hidden: Any, _mask: Any = None) -> Any:  # noqa: N803
        """From shape (rows, length, width) to (rows, width)."""
        return first_token(F, hidden)


class Mean(HybridBlock):  # type: ignore[misc]
    """The mean over tokens without padding: N. Reimers, I. Gurevych, "Sentence-BERT",
    arXiv:1908.10084, section 3.
    """

    def hybrid_forward(self, F: Any, hidden: Any, mask: Any) -> Any:  # noqa: N803 - MXNet's name
        """From shapes (rows, length, width) and (rows, length) to (rows, width)."""
        row = F.expand_dims(mask, axis=1)
        total = F.reshape(F.batch_dot(row, hidden), shape=(0, -1))
        # A row without tokens has the mean 0 rather than NaN.
        return F.broadcast_div(total, F.maximum(F.sum(mask, axis=1, keepdims=True), 1e-9))


class Pooler(HybridBlock):  # type: ignore[misc]
    """The first token's vector through BERT's last dense layer with tanh.

    Parameters
    ----------
    config : EncoderConfig
        The encoder's architecture.
    """

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        with self.name_scope():
            self.dense = dense(config.hidden_size, config.hidden_size, config.initializer_range)

    def hybrid_forward(self, F: Any, hidden: Any, _mask: Any = None) -> Any:  # noqa: N803
        """From shape (rows, length, width) to (rows, width)."""
        return F.tanh(self.dense(first_token(F, hidden)))


def first_token(F: Any, hidden: Any) -> Any:  # noqa: N803 - MXNet's name
    """From shape (rows, length, width) to (rows, width)."""
    return F.reshape(F.slice_axis(hidden, axis=1, begin=0, end=1), shape=(0, -1))


def build_pooling(config: EncoderConfig, how: str) -> Any:
    """A block that is called with hidden states and the mask, and gives shape (rows, width).

    Parameters
    ----------
    config : EncoderConfig
        The encoder's architecture.
    how : str
        One of `POOLINGS`.

    Raises
    ------
    UserError
        When `how` is none of them.
    """
    if how not in POOLINGS:
        raise UserError(f"pooling {how!r} is unknown; choose one of {', '.join(sorted(POOLINGS))}")
    if how == "pooler":
        return Pooler(config)
    return Mean() if how == "mean" else FirstToken()


def load_pooling(pooling: Any, checkpoint: Checkpoint, device: Any = None) -> None:
    """Give a pooling block the weights of a checkpoint, if it has any.

    Parameters
    ----------
    pooling : HybridBlock
        What `build_pooling` made.
    checkpoint : Checkpoint
        What was read.
    device : Context, optional
        MXNet's device; the CPU by default.

    Raises
    ------
    UserError
        When it is a `Pooler`, and the checkpoint has none.
    """
    if not isinstance(pooling, Pooler):
        return
    if not checkpoint.pooler:
        raise UserError(
            f"{checkpoint.directory} has no pooler; choose another pooling: cls or mean"
        )
    set_parameters(pooling, checkpoint.pooler, checkpoint.directory, device)

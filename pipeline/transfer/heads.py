"""The classification heads that checkpoints bring along. Imports MXNet: for executors only."""

from __future__ import annotations

from typing import Any

from mxnet.gluon import HybridBlock, nn

from pipeline.errors import UserError
from pipeline.transfer.checkpoints.checkpoint import Checkpoint
from pipeline.transfer.checkpoints.configuration import EncoderConfig
from pipeline.transfer.layers.weights import dense
from pipeline.transfer.loading import set_parameters
from pipeline.transfer.pooling import Pooler, first_token


class _Head(HybridBlock):  # type: ignore[misc]
    """The last layer, which all families have.

    Parameters
    ----------
    config : EncoderConfig
        The encoder's architecture.
    outputs : int
        Units of the output, which has no activation.
    """

    def __init__(self, config: EncoderConfig, outputs: int) -> None:
        super().__init__()
        with self.name_scope():
            self.dropout = nn.Dropout(config.classifier_dropout)
            self.output = dense(outputs, config.hidden_size, config.initializer_range)


class BertHead(_Head):
    """BERT's: the pooler, dropout, a dense layer."""

    def __init__(self, config: EncoderConfig, outputs: int) -> None:
        super().__init__(config, outputs)
        with self.name_scope():
            self.pooler = Pooler(config)

    def hybrid_forward(self, F: Any, hidden: Any, _mask: Any = None) -> Any:  # noqa: N803
        """From shape (rows, length, width) to (rows, outputs)."""
        return self.output(self.dropout(self.pooler(hidden)))


class DistilBertHead(_Head):
    """DistilBERT's: a dense layer with relu, dropout, a dense layer."""

    def __init__(self, config: EncoderConfig, outputs: int) -> None:
        super().__init__(config, outputs)
        with self.name_scope():
            self.dense = dense(config.hidden_size, config.hidden_size, config.initializer_range)

    def hybrid_forward(self, F: Any, hidden: Any, _mask: Any = None) -> Any:  # noqa: N803
        """From shape (rows, length, width) to (rows, outputs)."""
        return self.output(self.dropout(F.relu(self.dense(first_token(F, hidden)))))


class RobertaHead(_Head):
    """RoBERTa's: a dense layer with tanh and a dense layer, dropout before each."""

    def __init__(self, config: EncoderConfig, outputs: int) -> None:
        super().__init__(config, outputs)
        with self.name_scope():
            self.dense = dense(config.hidden_size, config.hidden_size, config.initializer_range)

    def hybrid_forward(self, F: Any, hidden: Any, _mask: Any = None) -> Any:  # noqa: N803
        """From shape (rows, length, width) to (rows, outputs)."""
        first = self.dropout(first_token(F, hidden))
        return self.output(self.dropout(F.tanh(self.dense(first))))


_HEADS = {"bert": BertHead, "distilbert": DistilBertHead, "roberta": RobertaHead}


def build_head(config: EncoderConfig, outputs: int) -> Any:
    """The head that the family's models for classification have.

    Parameters
    ----------
    config : EncoderConfig
        The encoder's architecture.
    outputs : int
        Units of the output: classes, or 1 for regression.

    Returns
    -------
    HybridBlock
        Called with hidden states (and, not used, the mask); gives shape (rows, outputs).
    """
    return _HEADS[config.family](config, outputs)


def load_head(head: Any, checkpoint: Checkpoint, device: Any = None) -> None:
    """Give a head the weights of the checkpoint's own.

    Parameters
    ----------
    head : HybridBlock
        What `build_head` made, with the checkpoint's outputs.
    checkpoint : Checkpoint
        What was read.
    device : Context, optional
        MXNet's device; the CPU by default.

    Raises
    ------
    UserError
        When the checkpoint has no head.
    ModelError
        When it has another number of outputs.
    """
    if not checkpoint.head:
        raise UserError(
            f"{checkpoint.directory} has no classification head of its own; train one, or choose "
            "a checkpoint made for classification"
        )
    arrays = dict(checkpoint.head)
    if isinstance(head, BertHead):
        arrays |= {f"pooler.{name}": array for name, array in checkpoint.pooler.items()}
    set_parameters(head, arrays, checkpoint.directory, device)

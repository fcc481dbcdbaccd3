"""The network of texts that pipeline.deep trains. Imports MXNet: for executors only."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from mxnet.gluon import HybridBlock, nn

from pipeline.deep.inputs import InputLayout
from pipeline.deep.padded import Padded
from pipeline.deep.recipe import Recipe
from pipeline.deep.stage import Stage
from pipeline.store.brought import bring
from pipeline.transfer import checkpoints
from pipeline.transfer.encoder import load_encoder
from pipeline.transfer.layers.weights import dense
from pipeline.transfer.pooling import load_pooling
from pipeline.transfer.text_base import pooled_base
from pipeline.transfer.text_options import TextOptions


class NewHead(HybridBlock):  # type: ignore[misc]
    """What is new on a base: dropout, and a dense layer.

    Parameters
    ----------
    outputs, inputs : int
        Units of the output, which has no activation, and of the base.
    dropout : float
        Share of the base's units that is left out in training.
    deviation : float
        Of the first weights, which are drawn.
    """

    def __init__(self, outputs: int, inputs: int, dropout: float, deviation: float) -> None:
        super().__init__()
        with self.name_scope():
            self.dropout = nn.Dropout(dropout)
            self.output = dense(outputs, inputs, deviation)

    def hybrid_forward(self, F: Any, vectors: Any) -> Any:  # noqa: N803 - MXNet's name
        """Outputs, shape (rows, outputs)."""
        return self.output(self.dropout(vectors))


class TextNetwork(HybridBlock):  # type: ignore[misc]
    """An encoder with a new head on it.

    Parameters
    ----------
    layout : InputLayout
        One column a token.
    mean, scale : ndarray
        Not looked at: tokens are no measures.
    recipe : Recipe
        `options` are those of `TextOptions`; `dropout` is the encoder's and the head's.
    outputs : int
        Units of the output.
    """

    standardises: ClassVar[bool] = False

    def __init__(
        self, layout: InputLayout, mean: Any, scale: Any, recipe: Recipe, outputs: int
    ) -> None:
        super().__init__()
        options = TextOptions.from_json(recipe.options)
        self._options = options
        self.padded = Padded(options.max_length, options.windows)
        share = recipe.dropout
        config = replace(
            options.config, hidden_dropout_prob=share, attention_probs_dropout_prob=share
        )
        with self.name_scope():
            self.base = pooled_base(config, options.pooling, has_windows=options.windows > 1)
            self.head = NewHead(outputs, config.hidden_size, share, config.initializer_range)
        if options.trains == "new":
            self.base.collect_params().setattr("grad_req", "null")
        self._set_step_sizes(options)

    def hybrid_forward(self, F: Any, numbers: Any) -> Any:  # noqa: N803 - MXNet's name
        """Outputs, shape (rows, outputs), from tokens of shape (rows, windows, steps)."""
        return self.head(self.base(numbers))

    def begin(self) -> None:
        """The checkpoint's weights, unless the encoder starts at random."""
        options = self._options
        if options.start == "random":
            return
        found = checkpoints.read(bring(options.checkpoint, options.digest, options.names))
        load_encoder(self.base.encoder, found)
        load_pooling(self.base.pooling, found)

    def stages(self) -> list[Stage]:
        """What is trained, one after the other."""
        new = Stage(self.head, base=self.base, changes=self._options.first or {})
        return {"all": [Stage(self)], "new": [new], "new_then_all": [new, Stage(self)]}[
            self._options.trains
        ]

    def _set_step_sizes(self, options: TextOptions) -> None:
        """Smaller ones for layers that are nearer to the input."""
        encoder = self.base.encoder
        blocks = [self.base.pooling, *reversed(list(encoder.layers)), encoder.embeddings]
        for depth, block in zip([0, *range(len(blocks) - 1)], blocks, strict=True):
            block.collect_params().setattr("lr_mult", options.layer_decay**depth)
        self.head.collect_params().setattr("lr_mult", options.new_rate)

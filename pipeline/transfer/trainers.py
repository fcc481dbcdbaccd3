"""What trains the network of a text estimator: pipeline.deep's estimators, on rows of tokens."""

from __future__ import annotations

from typing import Any

from pipeline.deep.classifier import DeepClassifier
from pipeline.deep.estimator import DeepEstimator
from pipeline.deep.padded import Padded
from pipeline.deep.regressor import DeepRegressor
from pipeline.deep.task import DeepTask
from pipeline.transfer.checkpoints import EncoderConfig
from pipeline.transfer.model import TextClassificationModel, TextRegressionModel
from pipeline.transfer.text_options import TextOptions

_MIB = 2**20
_BYTES = 4
# Copies of all weights: the checkpoint as it is read, the network's, those of the best epoch; where
# all are trained, gradients, two moments, and a checkpoint's on its way. As measured with MiniLM.
_COPIES, _COPIES_TRAINED = 3, 8
# Numbers of a token that each layer keeps for the way back, in widths of the encoder and in rows of
# attention; and those that there are at once where there is no way back. As measured with MiniLM.
_KEPT, _PASSING = (40, 4), (12, 2)


class TextTrainer(DeepEstimator[Any]):
    """What both trainers know of the network."""

    @property
    def own_mb(self) -> int:
        """MiB that a worker takes for the network, not for its rows."""
        options = TextOptions.from_json(self.value("network_options"))
        padded = Padded(options.max_length, options.windows)
        weights = weights_of(options.config)
        if options.trains == "new":
            numbers = weights * _COPIES + padded.scored_numbers * _by_token(options, *_PASSING)
        else:
            rows = int(self.value("batch_size_per_worker") or self.value("batch_size"))
            tokens = rows * padded.width * options.config.num_hidden_layers
            numbers = weights * _COPIES_TRAINED + tokens * _by_token(options, *_KEPT)
        return numbers * _BYTES // _MIB

    def _most_epochs(self, task: DeepTask) -> int:
        """Epochs of the new layers alone, where they come first, and of all."""
        is_first = TextOptions.from_json(task.recipe.options).trains == "new_then_all"
        return task.recipe.epochs + is_first * task.recipe.stage_epochs


class ClassTrainer(TextTrainer, DeepClassifier):
    """Trains the network for classes."""

    model_class = TextClassificationModel


class NumberTrainer(TextTrainer, DeepRegressor):
    """Trains the network for numbers."""

    model_class = TextRegressionModel


def _by_token(options: TextOptions, widths: int, attentions: int) -> int:
    """Numbers of a token: so many vectors, and so many rows of each head's attention."""
    config = options.config
    own = config.num_attention_heads * options.max_length
    return widths * config.hidden_size + attentions * own


def weights_of(config: EncoderConfig) -> int:
    """About how many weights an encoder has."""
    width, inner = config.hidden_size, config.intermediate_size
    rows = config.vocab_size + config.max_position_embeddings + config.type_vocab_size
    return rows * width + config.num_hidden_layers * (4 * width * width + 2 * width * inner)

"""What trains the network of a text estimator: pipeline.deep's estimators, on rows of tokens."""

from __future__ import annotations

from typing import Any

from pipeline.deep.classifier import DeepClassifier
from pipeline.deep.estimator import DeepEstimator
from pipeline.deep.padded import Padded
from pipeline.deep.regressor import DeepRegressor
from pipeline.deep.task import DeepTask
from pipeline.spark.resources import GangPlan
from pipeline.transfer.memory import UNTRAINED_COPIES, weights_of
from pipeline.transfer.model import TextClassificationModel, TextRegressionModel
from pipeline.transfer.text_options import TextOptions

_MIB = 2**20
_BYTES = 4
# Copies of all weights where all are trained: the checkpoint as it is read, the network's, those of
# the best epoch, gradients, two moments, and a checkpoint's on its way. As measured with MiniLM.
_COPIES_TRAINED = 8
# Of these copies, those that a host has where a GPU computes: the checkpoint as it is read, or the
# files that are written; and where all are trained, a training's checkpoint on its way, which is
# weights, those of the best epoch, two moments, and as many bytes again. As counted, not measured.
_COPIES_ON_HOST, _COPIES_ON_HOST_TRAINED = 2, 6
# Numbers of a token that each layer keeps for the way back, in widths of the encoder and in rows of
# attention; and those that there are at once where there is no way back. As measured with MiniLM.
_KEPT, _PASSING = (40, 4), (12, 2)


class TextTrainer(DeepEstimator[Any]):
    """What both trainers know of the network."""

    def own_mb(self, plan: GangPlan) -> int:
        """MiB of the host that each worker takes for the network, not for its shards.

        What the layers give for a batch counts where the host computes; GPUs hold it themselves.
        """
        options = TextOptions.from_json(self.value("network_options"))
        is_frozen = options.trains == "new"
        weights = weights_of(options.config)
        if plan.gpus:
            copies = _COPIES_ON_HOST if is_frozen else _COPIES_ON_HOST_TRAINED
            return weights * copies * _BYTES // _MIB
        copies = UNTRAINED_COPIES if is_frozen else _COPIES_TRAINED
        numbers = weights * copies + self._numbers_of_batch(options, plan.workers)
        return numbers * _BYTES // _MIB

    def shard_factor(self) -> float:
        """Also for what a frozen base gives, which is mapped: a vector beside the row's tokens."""
        options = TextOptions.from_json(self.value("network_options"))
        if options.trains == "all":
            return self.memory_factor
        tokens = options.max_length * options.windows
        return self.memory_factor + options.config.hidden_size / tokens

    def _numbers_of_batch(self, options: TextOptions, workers: int) -> int:
        """Numbers that a worker's layers give for a batch, at most."""
        padded = Padded(options.max_length, options.windows)
        passing = padded.scored_numbers * _by_token(options, *_PASSING)
        if options.trains == "new":
            return passing
        rows = max(self.recipe().rows_of_batch(workers) // workers, 1)
        tokens = rows * padded.width * options.config.num_hidden_layers
        kept = tokens * _by_token(options, *_KEPT)
        return kept if options.trains == "all" else max(kept, passing)

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

"""What a fit needs besides the network: when it ends, and what is kept of it on its way."""

from __future__ import annotations

from typing import ClassVar

from pyspark.ml.param import TypeConverters

from pipeline.deep.params.network import NetworkParams
from pipeline.errors import UserError
from pipeline.estimators.converters import to_names
from pipeline.estimators.functions import is_path
from pipeline.estimators.params import Rule, declare
from pipeline.estimators.resumable import CheckpointParams


class FitParams(CheckpointParams):
    """A training that is watched on validation rows."""

    measures: ClassVar[tuple[str, ...]]
    """Metrics of validation rows; the first is the loss."""

    patience = declare(
        "patience",
        "stop after so many epochs without a better validation metric; 0: never",
        TypeConverters.toInt,
    )
    monitor = declare(
        "monitor",
        "metric of validation rows that decides which epoch is best; default: the loss",
        TypeConverters.toString,
    )
    callbacks = declare(
        "callbacks",
        "import paths of functions (epoch, measures), or of classes whose objects are such; called "
        "by rank 0 after every epoch. One that returns False ends the training",
        to_names,
    )
    checkpoint_epochs = declare(
        "checkpoint_epochs",
        "write a checkpoint every so many epochs; 0: never",
        TypeConverters.toInt,
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("patience", lambda value: value >= 0, "0 or more"),
        Rule("checkpoint_epochs", lambda value: value >= 0, "0 or more"),
    )

    def __init__(self) -> None:
        super().__init__()
        self._setDefault(patience=3, checkpoint_epochs=1)

    def require_valid(self) -> None:
        """Raise a `UserError` that lists params, and pairs of them, that are not allowed."""
        super().require_valid()
        if self.value("resume_from") and not self.value("checkpoint_epochs"):
            raise UserError(f"{type(self).__name__}: resume_from needs checkpoint_epochs")
        for path in self.value("callbacks") or ():
            if not is_path(path):
                raise UserError(f"{type(self).__name__}: callbacks: {path!r} is no import path")
        monitor = self.value("monitor")
        if monitor is not None and monitor not in self.measures:
            raise UserError(
                f"{type(self).__name__}: monitor must be one of {', '.join(self.measures)}, not "
                f"{monitor!r}"
            )


class DeepParams(NetworkParams, FitParams):
    """A network that is watched on validation rows while it is trained."""

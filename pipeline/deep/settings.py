"""The `deep` section of a job's YAML."""

from __future__ import annotations

from typing import ClassVar

from pydantic import model_validator

from pipeline.deep.estimator import DeepClassifier
from pipeline.estimators.settings import TrainerSettings


class DeepSettings(TrainerSettings):
    """Params of `DeepClassifier`; an unset key takes the estimator's default."""

    estimator: ClassVar = DeepClassifier

    hidden: list[int] | None = None
    dropout: float | None = None
    epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    weight_decay: float | None = None
    patience: int | None = None

    @model_validator(mode="after")
    def _is_accepted(self) -> DeepSettings:
        self.require_accepted(DeepClassifier)
        return self

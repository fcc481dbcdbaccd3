"""The `text` section of a job's YAML."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from pydantic import field_validator, model_validator

from pipeline import files
from pipeline.deep.settings import TrainingSettings
from pipeline.estimators.settings import TrainerSettings
from pipeline.transfer.classifier import TextClassifier


class CheckpointSettings(TrainerSettings):
    """What is made of a checkpoint; an unset key takes the estimator's default."""

    checkpoint: str | None = None
    strategy: str | None = None
    max_length: int | None = None
    windows: int | None = None
    stride: int | None = None
    pooling: str | None = None
    descriptions: dict[str, str | list[str]] | None = None
    layer_decay: float | None = None
    head_learning_rate: float | None = None
    head_epochs: int | None = None


# The keys of the last base come first where they are listed.
class TextSettings(TrainingSettings, CheckpointSettings):
    """Params of `TextClassifier`, which jobs/deep.py trains where a checkpoint is named; an unset
    key takes the estimator's default.
    """

    estimator: ClassVar[Any] = TextClassifier

    @field_validator("checkpoint")
    @classmethod
    def _with_scheme(cls, value: str | None) -> str | None:
        return files.absolute(value) if value else None

    @model_validator(mode="after")
    def _is_accepted(self) -> TextSettings:
        # Where the text is, a job says; whether a checkpoint must be named, the whole config.
        self.require_accepted(partial(TextClassifier, textCol="text", checkpoint="none"))
        return self

    @property
    def is_used(self) -> bool:
        """Whether a network of texts is to be trained."""
        return self.checkpoint is not None

"""The `text` section of a job's YAML."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar, Literal

from pydantic import field_validator, model_validator

from pipeline import files
from pipeline.estimators.settings import TrainerSettings
from pipeline.transfer.classifier import TextClassifier


class TextSettings(TrainerSettings):
    """Params of `TextClassifier`, which jobs/deep.py trains where a checkpoint is named; an unset
    key takes the estimator's default.
    """

    estimator: ClassVar[Any] = TextClassifier

    checkpoint: str | None = None
    strategy: str | None = None
    max_length: int | None = None
    windows: int | None = None
    stride: int | None = None
    pooling: str | None = None
    descriptions: dict[str, str | list[str]] | None = None
    learning_rate: float | None = None
    epochs: int | None = None
    warmup_epochs: float | None = None
    layer_decay: float | None = None
    head_learning_rate: float | None = None
    head_epochs: int | None = None
    dropout: float | None = None
    weight_decay: float | None = None
    l1: float | None = None
    label_smoothing: float | None = None
    optimiser: str | None = None
    momentum: float | None = None
    clip_norm: float | None = None
    learning_rate_scaling: str | None = None
    learning_rate_schedule: str | dict[str, str | int | float] | None = None
    batch_size: int | None = None
    batch_size_per_worker: int | None = None
    accumulate: int | None = None
    compression: str | None = None
    class_weight: Literal["none", "balanced"] | dict[str | int | float | bool, float] | None = None
    patience: int | None = None
    monitor: str | None = None
    callbacks: list[str] | None = None
    checkpoint_epochs: int | None = None
    resume_from: str | None = None

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

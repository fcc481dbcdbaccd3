"""The `deep` section of a job's YAML."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import model_validator

from pipeline.deep.classifier import DeepClassifier
from pipeline.estimators.settings import TrainerSettings


class TrainingSettings(TrainerSettings):
    """How any network is trained, watched and kept; an unset key takes the estimator's default."""

    dropout: float | None = None
    weight_decay: float | None = None
    l1: float | None = None
    label_smoothing: float | None = None
    optimiser: str | None = None
    momentum: float | None = None
    clip_norm: float | None = None
    learning_rate: float | None = None
    learning_rate_scaling: str | None = None
    learning_rate_schedule: str | dict[str, str | int | float] | None = None
    warmup_epochs: float | None = None
    epochs: int | None = None
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


class NetworkSettings(TrainerSettings):
    """How a network is built; an unset key takes the estimator's default."""

    network: str | None = None
    network_options: dict[str, Any] | None = None
    hidden: list[int] | None = None
    activation: str | None = None
    normalisation: str | None = None
    cell: str | None = None
    bidirectional: bool | None = None
    sequence_channels: int | None = None
    image_shape: list[int] | None = None
    backbone: str | None = None
    groups: list[list[str | int]] | None = None
    segments: int | None = None
    stage_epochs: int | None = None


# The keys of the last base come first where they are listed.
class DeepSettings(TrainingSettings, NetworkSettings):
    """Params of `DeepClassifier`; an unset key takes the estimator's default."""

    estimator: ClassVar[Any] = DeepClassifier

    @model_validator(mode="after")
    def _is_accepted(self) -> DeepSettings:
        self.require_accepted(DeepClassifier)
        return self

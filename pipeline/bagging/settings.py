"""The `bagging` section of a job's YAML."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import model_validator

from pipeline.bagging.estimator import BaggingClassifier
from pipeline.boosting.settings import TreeSettings


class BaggingSettings(TreeSettings):
    """Params of `BaggingClassifier`; an unset key takes the estimator's default."""

    estimator: ClassVar = BaggingClassifier

    replicas: int | None = None
    learner: str | None = None
    learner_params: dict[str, Any] | None = None
    learners_allowed: list[str] | None = None
    rounds: int | None = None
    eta: float | None = None
    objective: str | None = None
    placement: str | None = None
    worker_memory_mb: int | None = None
    parallelism: int | None = None
    sampling: str | None = None
    max_samples: float | None = None
    max_features: float | None = None
    stratified: bool | None = None
    group_col: str | None = None
    combine: str | None = None
    class_weight: Literal["none", "balanced"] | dict[str | int | float | bool, float] | None = None
    out_of_bag: str | None = None
    importance: bool | None = None
    early_stopping: int | None = None
    early_stopping_tolerance: float | None = None
    spread_col: str | None = None
    quantiles_col: str | None = None
    quantiles: list[float] | None = None

    @model_validator(mode="after")
    def _is_accepted(self) -> BaggingSettings:
        self.require_accepted(BaggingClassifier)
        return self

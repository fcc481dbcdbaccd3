"""The `boosting` section of a job's YAML."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import model_validator

from pipeline.boosting.classifier import BoostingClassifier
from pipeline.estimators.settings import TrainerSettings


class TreeSettings(TrainerSettings):
    """How one tree is grown; an unset key takes the estimator's default."""

    max_depth: int | None = None
    max_leaves: int | None = None
    grow_policy: str | None = None
    max_bin: int | None = None
    min_child_weight: float | None = None
    max_delta_step: float | None = None
    gamma: float | None = None
    reg_lambda: float | None = None
    reg_alpha: float | None = None
    colsample_bytree: float | None = None
    colsample_bylevel: float | None = None
    colsample_bynode: float | None = None
    max_cat_to_onehot: int | None = None
    max_cat_threshold: int | None = None


class BoostingSettings(TreeSettings):
    """Params of `BoostingClassifier`; an unset key takes the estimator's default."""

    estimator: ClassVar = BoostingClassifier

    rounds: int | None = None
    eta: float | None = None
    eta_schedule: str | list[float] | dict[str, Any] | None = None
    objective: str | None = None
    eval_metric: str | list[str] | None = None
    base_score: float | None = None
    scale_pos_weight: float | None = None
    class_weight: Literal["none", "balanced"] | dict[str | int | float | bool, float] | None = None
    early_stopping_rounds: int | None = 20
    early_stopping_metric: str | None = None
    early_stopping_min_delta: float | None = None
    maximize: bool | None = None
    subsample: float | None = None
    num_parallel_tree: int | None = None
    multi_strategy: str | None = None
    monotone_constraints: str | list[int] | dict[str, int] | None = None
    interaction_constraints: str | list[list[str | int]] | None = None
    feature_weights: list[float] | dict[str, float] | None = None
    feature_types: list[str] | None = None
    missing: float | None = None
    booster: str | None = None
    rate_drop: float | None = None
    one_drop: bool | None = None
    skip_drop: float | None = None
    sample_type: str | None = None
    normalize_type: str | None = None
    initial_model: str | None = None
    checkpoint_rounds: int | None = None
    resume_from: str | None = None
    external_memory: str | None = None
    worker_memory_mb: int | None = None
    max_cached_hist_node: int | None = None
    verbosity: int | None = None

    @model_validator(mode="after")
    def _is_accepted(self) -> BoostingSettings:
        self.require_accepted(BoostingClassifier)
        return self

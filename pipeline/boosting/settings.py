"""The `boosting` section of a job's YAML."""

from __future__ import annotations

from typing import ClassVar

from pydantic import model_validator

from pipeline.boosting.estimator import BoostingClassifier
from pipeline.estimators.settings import TrainerSettings


class TreeSettings(TrainerSettings):
    """How one tree is grown; an unset key takes the estimator's default."""

    max_depth: int | None = None
    max_bin: int | None = None
    min_child_weight: float | None = None
    gamma: float | None = None
    reg_lambda: float | None = None
    reg_alpha: float | None = None
    colsample_bytree: float | None = None
    colsample_bylevel: float | None = None
    colsample_bynode: float | None = None
    max_cat_to_onehot: int | None = None


class BoostingSettings(TreeSettings):
    """Params of `BoostingClassifier`; an unset key takes the estimator's default."""

    estimator: ClassVar = BoostingClassifier

    rounds: int | None = None
    early_stopping_rounds: int | None = 20
    eta: float | None = None
    subsample: float | None = None
    objective: str | None = None
    eval_metric: str | None = None

    @model_validator(mode="after")
    def _is_accepted(self) -> BoostingSettings:
        self.require_accepted(BoostingClassifier)
        return self

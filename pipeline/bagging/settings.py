"""The `bagging` section of a job's YAML."""

from __future__ import annotations

from typing import ClassVar

from pydantic import model_validator

from pipeline.bagging.estimator import BaggingClassifier
from pipeline.boosting.settings import TreeSettings


class BaggingSettings(TreeSettings):
    """Params of `BaggingClassifier`; an unset key takes the estimator's default."""

    estimator: ClassVar = BaggingClassifier

    replicas: int | None = None

    @model_validator(mode="after")
    def _is_accepted(self) -> BaggingSettings:
        self.require_accepted(BaggingClassifier)
        return self

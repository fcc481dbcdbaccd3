"""What is to be trained, and that it can be: all that is known before the first Spark job."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.bagging.placement import Placement
from pipeline.bagging.resampling import Sampling
from pipeline.bagging.spark_learners.allowed import is_ours, require_learner
from pipeline.bagging.spark_learners.members import new_learner
from pipeline.errors import UserError
from pipeline.estimators.params import GangParams

if TYPE_CHECKING:
    from pipeline.bagging.estimator import BaggingEstimator

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plan:
    """A learner and how it is trained.

    Parameters
    ----------
    name : str
        Import path of the learner.
    learner : type
        Its class.
    params : mapping
        Its params: the user's, and for a gang's learner those of the ensemble's gangs.
    sampling : Sampling
        How a replica's rows and columns are drawn.
    placement : Placement
        Where replicas are trained, and why.
    """

    name: str
    learner: type[Any]
    params: Mapping[str, Any]
    sampling: Sampling
    placement: Placement


def plan_of(estimator: BaggingEstimator[Any]) -> Plan:
    """Check an estimator whose learner is one of Spark ML; starts no Spark job.

    Raises
    ------
    UserError
        For params that are wrong, or do not go with such a learner.
    """
    estimator.require_valid()
    name = estimator.value("learner")
    _require_possible(estimator, name)
    sampling = estimator.sampling_for(is_sharded=True)
    learner = require_learner(
        name,
        estimator.value("learner_params"),
        is_regression=estimator.predicts_numbers,
        allowed=estimator.value("learners_allowed"),
    )
    params = {**_of_gangs(estimator, learner), **estimator.value("learner_params")}
    new_learner(learner, params, seed=0)
    asked = "as asked for; " if estimator.value("placement") == "gang" else ""
    placement = Placement(
        "gang", f"{asked}learner {name} is trained by Spark jobs on rows that stay in a Spark frame"
    )
    logger.info("bagging: placement gang: %s", placement.reason)
    return Plan(name, learner, params, sampling, placement)


def _require_possible(estimator: BaggingEstimator[Any], name: str) -> None:
    if estimator.value("placement") == "task":
        raise UserError(
            f"placement=task: learner {name} is trained by Spark jobs of its own, which use all "
            "executors. Leave placement at auto, or choose a learner that is no Spark ML estimator"
        )
    if estimator.value("importance"):
        raise UserError(
            f"importance is not measured for learner {name}, whose rows stay in a Spark frame; "
            "choose a learner that is no Spark ML estimator, or leave importance out"
        )


def _of_gangs(estimator: BaggingEstimator[Any], learner: type[Any]) -> dict[str, Any]:
    """What the ensemble was told about gangs and scratch, for learners that have them too."""
    if not is_ours(learner):
        return {}
    gang = [param.name for param in GangParams().params] if issubclass(learner, GangParams) else []
    return {
        name: estimator.value(name)
        for name in [*gang, "scratchDir"]
        if estimator.isSet(estimator.getParam(name))
    }

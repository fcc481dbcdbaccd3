"""Learners by name. Their libraries are imported when one is opened, on executors."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pipeline.bagging.learners.learner import NETWORK, XGBOOST, Learner, LearnerSpec, Member
from pipeline.errors import UserError
from pipeline.spark.shard_file import Shard

_SUFFIXES = {XGBOOST: "ubj", NETWORK: "zip"}
_SCIKIT_SUFFIX = "skops"
_FILE = re.compile(r"replica-(\d{6})\.(\w+)")


def is_spark_ml(name: str, allowed: Sequence[str] = ()) -> bool:
    """Whether a learner is an estimator of Spark ML: Spark's own, ours, or one that is allowed."""
    if name.startswith(("pyspark.", "pipeline.")):
        return True
    if name not in allowed:
        return False
    from pyspark.ml import Estimator

    module, _, kind = name.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), kind)
    except (ImportError, AttributeError, ValueError):
        return False  # who loads it says what is wrong
    return isinstance(found, type) and issubclass(found, Estimator)


def checked_params(
    name: str, params: Mapping[str, Any], *, is_regression: bool, allowed: Sequence[str]
) -> dict[str, Any]:
    """A learner's params, complete; for the driver, before any Spark job.

    Raises
    ------
    UserError
        For a learner that may not be loaded, or that is not for this kind of label; for params that
        it does not have, or values that it refuses.
    """
    if name == XGBOOST:
        return dict(params)
    if name == NETWORK:
        from pipeline.bagging.learners.network_params import require_network_params

        return require_network_params(params)
    if is_spark_ml(name, allowed):
        from pipeline.bagging.spark_learners.allowed import require_learner

        require_learner(name, params, is_regression=is_regression, allowed=allowed)
        return dict(params)
    from pipeline.bagging.learners.allowed import new_estimator

    new_estimator(name, params, is_regression=is_regression, allowed=allowed)
    return dict(params)


def require_weights(name: str, allowed: Sequence[str], wish: str) -> None:
    """Refuse weights of rows for a learner that takes repeated rows instead.

    Raises
    ------
    UserError
        Naming what the user wishes for.
    """
    if name in (XGBOOST, NETWORK) or is_spark_ml(name, allowed):
        return
    from sklearn.utils.validation import has_fit_parameter

    from pipeline.bagging.learners.allowed import load_class

    if not has_fit_parameter(load_class(name, allowed), "sample_weight"):
        raise UserError(
            f"{wish}: learner {name} takes no weights, so its samples are repeated rows, and rows "
            "cannot be repeated a fraction of a time; choose a learner that takes sample_weight"
        )


def open_learner(
    spec: LearnerSpec,
    shard: Shard,
    threads: int,
    gpus: tuple[str, ...] = (),
    on_chunk: Callable[[], None] | None = None,
) -> Learner:
    """The learner that a spec names, with these rows prepared for it."""
    if spec.name == XGBOOST:
        from pipeline.bagging.learners.trees import TreeLearner

        return TreeLearner(shard, spec, threads, gpus, on_chunk)
    if spec.name == NETWORK:
        from pipeline.bagging.learners.network import NetworkLearner

        return NetworkLearner(shard, spec, threads, gpus, on_chunk)
    from pipeline.bagging.learners.scikit import ScikitLearner

    return ScikitLearner(shard, spec, threads, gpus, on_chunk)


def open_member(spec: LearnerSpec, data: bytes, threads: int) -> Member:
    """A replica, from its file."""
    if spec.name == XGBOOST:
        from pipeline.bagging.learners.trees import TreeMember

        return TreeMember.open(data, spec, threads)
    if spec.name == NETWORK:
        from pipeline.bagging.learners.network import NetworkMember

        return NetworkMember.open(data, spec, threads)
    from pipeline.bagging.learners.scikit import ScikitMember

    return ScikitMember.open(data, spec, threads)


def file_name(learner: str, replica: int) -> str:
    """The name of a replica's file."""
    return f"replica-{replica:06d}.{_SUFFIXES.get(learner, _SCIKIT_SUFFIX)}"


def replicas_in(names: Iterable[str], learner: str) -> set[int]:
    """Which replicas of a learner have their file among these names."""
    found = (_FILE.fullmatch(name) for name in names)
    suffix = _SUFFIXES.get(learner, _SCIKIT_SUFFIX)
    return {int(match[1]) for match in found if match and match[2] == suffix}

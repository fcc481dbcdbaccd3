"""What XGBoost's objectives and metrics are for, which labels they take, what they predict."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from pipeline.errors import DataError, UserError
from pipeline.estimators.functions import is_path

Task: TypeAlias = Literal["classification", "regression", "ranking"]

_WITH_NUMBER = re.compile(r"(.+)@(\d*\.?\d+)(-?)")

AFT = "survival:aft"
COX = "survival:cox"
QUANTILE = "reg:quantileerror"


@dataclass(frozen=True)
class _Labels:
    """Labels that an objective takes.

    Parameters
    ----------
    holds : callable
        Whether the least and the greatest label are allowed.
    sentence : str
        Which are.
    """

    holds: Callable[[float, float], bool]
    sentence: str


_ANY = _Labels(lambda low, high: True, "any number")
_NOT_NEGATIVE = _Labels(lambda low, high: low >= 0, "at least 0")
_POSITIVE = _Labels(lambda low, high: low > 0, "above 0")
_SHARE = _Labels(lambda low, high: low >= 0 and high <= 1, "from 0 to 1")

_LABELS: Mapping[Task, Mapping[str, _Labels]] = {
    "classification": dict.fromkeys(
        ("binary:logistic", "binary:logitraw", "binary:hinge", "multi:softprob", "multi:softmax"),
        _ANY,
    ),
    "regression": {
        "reg:squarederror": _ANY,
        "reg:absoluteerror": _ANY,
        "reg:pseudohubererror": _ANY,
        QUANTILE: _ANY,
        "reg:squaredlogerror": _Labels(lambda low, high: low > -1, "above -1"),
        "reg:logistic": _SHARE,
        "count:poisson": _NOT_NEGATIVE,
        "reg:tweedie": _NOT_NEGATIVE,
        "reg:gamma": _POSITIVE,
        AFT: _NOT_NEGATIVE,
        COX: _ANY,
    },
    "ranking": {
        "rank:ndcg": _NOT_NEGATIVE,
        "rank:pairwise": _ANY,
        "rank:map": _SHARE,
    },
}
_METRICS = (
    *("rmse", "rmsle", "mae", "mape", "mphe", "logloss", "error", "merror", "mlogloss", "auc"),
    *("aucpr", "pre", "ndcg", "map", "poisson-nloglik", "gamma-nloglik", "cox-nloglik"),
    *("gamma-deviance", "tweedie-nloglik", "aft-nloglik", "interval-regression-accuracy"),
    "quantile",
)
_GREATER_IS_BETTER = ("auc", "aucpr", "pre", "ndcg", "map", "interval-regression-accuracy")


def require_objective(task: Task, name: str) -> None:
    """Raise a `UserError` unless an objective is one of the task's, or a function's path."""
    known = _LABELS[task]
    if name in known or is_path(name):
        return
    other = next((each for each, names in _LABELS.items() if name in names), None)
    if other is not None:
        raise UserError(f"objective {name} is for {other}, not for {task}: {', '.join(known)}")
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}."
    raise UserError(
        f"objective {name}: XGBoost has none of that name for {task}; {hint} An own one is given "
        "by its import path, package.module.function"
    )


def require_metric(name: str) -> None:
    """Raise a `UserError` unless a metric is one of XGBoost's, or a function's path."""
    if is_path(name) or _base(name) in _METRICS:
        return
    near = difflib.get_close_matches(_base(name), _METRICS, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(_METRICS)}."
    raise UserError(
        f"eval_metric {name}: XGBoost has none of that name; {hint} An own one is given by its "
        "import path, package.module.function"
    )


def require_labels(task: Task, objective: str, name: str, bounds: tuple[float, float]) -> None:
    """Raise a `DataError` when an objective does not take labels within these bounds."""
    labels = _LABELS[task].get(objective, _ANY)
    low, high = bounds
    if not labels.holds(low, high):
        raise DataError(
            f"label {name} goes from {low:g} to {high:g}; {objective} takes labels "
            f"{labels.sentence}: choose another objective, or change the label"
        )


def is_greater_better(metric: str) -> bool:
    """Whether a metric of XGBoost's is the better the greater it is."""
    return _base(metric) in _GREATER_IS_BETTER


def printed(metric: str) -> str:
    """A metric as XGBoost prints it: `error@0.7` for `error@0.70`."""
    match = _WITH_NUMBER.fullmatch(metric)
    return f"{match[1]}@{float(match[2]):g}{match[3]}" if match else metric


def _base(metric: str) -> str:
    """`ndcg` for `ndcg@10-`."""
    return metric.partition("@")[0].rstrip("-")

"""Which Spark ML estimators may be learners, judged before anything is imported or trained."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping, Sequence
from typing import Any

from pyspark.ml.classification import Classifier
from pyspark.ml.param import Param
from pyspark.ml.regression import Regressor

from pipeline.errors import UserError
from pipeline.estimators.estimator import EnsembleEstimator

# Not here: FMClassifier and FMRegressor have a weight column and ignore it, OneVsRest takes a
# classifier rather than a name, IsotonicRegression reads one feature only.
KNOWN: tuple[str, ...] = (
    "pipeline.boosting.BoostingClassifier",
    "pipeline.deep.DeepClassifier",
    "pyspark.ml.classification.DecisionTreeClassifier",
    "pyspark.ml.classification.GBTClassifier",
    "pyspark.ml.classification.LinearSVC",
    "pyspark.ml.classification.LogisticRegression",
    "pyspark.ml.classification.NaiveBayes",
    "pyspark.ml.classification.RandomForestClassifier",
    "pyspark.ml.regression.DecisionTreeRegressor",
    "pyspark.ml.regression.GBTRegressor",
    "pyspark.ml.regression.GeneralizedLinearRegression",
    "pyspark.ml.regression.LinearRegression",
    "pyspark.ml.regression.RandomForestRegressor",
)
"""Import paths of the estimators that anyone may name."""

_TWO_CLASSES = ("GBTClassifier", "LinearSVC")

_OURS = {
    "seed": "the job's seed, anew for each replica",
    "scratchDir": "the job",
    **dict.fromkeys(
        (
            "featuresCol",
            "featuresCols",
            "keyCols",
            "labelCol",
            "leafCol",
            "predictionCol",
            "probabilityCol",
            "rawPredictionCol",
            "rowIdCol",
            "validationIndicatorCol",
            "weightCol",
        ),
        "the columns of the ensemble",
    ),
}


def load_class(path: str, allowed: Sequence[str]) -> type[Any]:
    """The estimator's class at an import path.

    Parameters
    ----------
    path : str
        For example `pyspark.ml.classification.LogisticRegression`.
    allowed : sequence of str
        Import paths that may be loaded besides those that are known.

    Raises
    ------
    UserError
        When the path is neither known nor allowed (nothing is imported then), when there is no
        such class, or when it is no Spark ML estimator with a weight column.
    """
    if path not in KNOWN and path not in allowed:
        raise UserError(f"there is no learner {path}{_hint(path, (*KNOWN, *allowed))}")
    module, _, name = path.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise UserError(f"learner {path}: it cannot be imported: {error}") from error
    if not isinstance(found, type) or not callable(getattr(found, "fit", None)):
        raise UserError(f"learner {path}: it is no estimator of Spark ML")
    if not isinstance(getattr(found, "weightCol", None), Param):
        raise UserError(
            f"learner {path}: it has no weightCol, and replicas differ by the weights of their "
            "rows only"
        )
    return found


def model_class(estimator: type[Any]) -> type[Any]:
    """The class of the models that an estimator's class makes."""
    own = getattr(estimator, "model_class", None)
    if isinstance(own, type):
        return own
    module = importlib.import_module(estimator.__module__)
    name = estimator.__name__
    wanted = [
        name.replace("Classifier", "ClassificationModel"),
        name.replace("Regressor", "RegressionModel"),
        f"{name}Model",
    ]
    for each in wanted:
        found = getattr(module, each, None)
        if each != name and isinstance(found, type):
            return found
    raise UserError(f"learner {name}: its module has no {name}Model, so replicas cannot be loaded")


def is_ours(estimator: type[Any]) -> bool:
    """Whether a class is an estimator of this project, which reads typed columns itself."""
    return issubclass(estimator, EnsembleEstimator)


def require_learner(
    path: str, params: Mapping[str, Any], *, is_regression: bool, allowed: Sequence[str]
) -> type[Any]:
    """The estimator's class, when all that can be judged without Spark's JVM is right.

    Parameters
    ----------
    path : str
        Import path of the estimator.
    params : mapping
        Its params by name.
    is_regression : bool
        Whether the label is a number to predict.
    allowed : sequence of str
        Import paths that may be loaded besides those that are known.

    Raises
    ------
    UserError
        For a learner that may not be loaded or is of another kind; names every wrong param.
    """
    found = load_class(path, allowed)
    _require_kind(found, is_regression=is_regression)
    model_class(found)
    _require_params(found, params)
    if is_ours(found):
        found(**params).require_valid()
    return found


def require_classes(path: str, classes: int) -> None:
    """Refuse a learner of two classes for more of them."""
    name = path.rpartition(".")[2]
    if classes > 2 and name in _TWO_CLASSES:
        raise UserError(f"learner {name}: it tells two classes apart, and the label has {classes}")


def _require_kind(found: type[Any], *, is_regression: bool) -> None:
    if is_ours(found):
        classifies, regresses = not found.predicts_numbers, found.predicts_numbers
    else:
        classifies, regresses = issubclass(found, Classifier), issubclass(found, Regressor)
    if regresses if is_regression else classifies:
        return
    wanted = "regressor" if is_regression else "classifier"
    other = "regressor" if regresses else "classifier" if classifies else "something else"
    kind = "BaggingRegressor" if is_regression else "BaggingClassifier"
    raise UserError(f"learner {found.__name__}: it is a {other}, and {kind} needs a {wanted}")


def _require_params(found: type[Any], params: Mapping[str, Any]) -> None:
    known = sorted(
        name
        for name in dir(found)
        if name not in _OURS and isinstance(getattr(found, name, None), Param)
    )
    wrong = [sentence for name in params if (sentence := _problem(found, name, params, known))]
    if wrong:
        raise UserError("\n".join(f"learner {found.__name__}: {sentence}" for sentence in wrong))


def _problem(
    found: type[Any], name: str, params: Mapping[str, Any], known: Sequence[str]
) -> str | None:
    if name in _OURS:
        return f"leave out {name}; it comes from {_OURS[name]}"
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
        return f"unknown param {name}; {hint}"
    try:
        getattr(found, name).typeConverter(params[name])
    except (TypeError, ValueError) as error:
        return f"{name}: {error}"
    return None


def _hint(path: str, known: Sequence[str]) -> str:
    # The class's name first: with the package spelt out, all paths look alike.
    by_class = {item.rpartition(".")[2]: item for item in known}
    near = difflib.get_close_matches(path.rpartition(".")[2], list(by_class), n=1, cutoff=0.75)
    found = [by_class[name] for name in near] or difflib.get_close_matches(path, known, n=1)
    question = f"; did you mean {found[0]}?" if found else "."
    return f"{question} To load another class with a weightCol, add {path} to learners_allowed"

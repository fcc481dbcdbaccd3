"""Which Spark ML estimators may be learners, judged before anything is imported or trained."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

from pyspark.ml.classification import Classifier
from pyspark.ml.param import Param
from pyspark.ml.regression import Regressor

from pipeline.bagging.learners import import_paths
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

_OF_CLASSIFIERS = ("probabilityCol", "rawPredictionCol")
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
        such class, or when it is no Spark ML estimator with a label and a weight column.
    """
    advice = f"To load another class with a weightCol, add {path} to learners_allowed"
    found = import_paths.load(path, KNOWN, allowed, advice)
    if not isinstance(found, type) or not callable(getattr(found, "fit", None)):
        raise UserError(f"learner {path}: it is no estimator of Spark ML")
    if not _has(found, "labelCol"):
        raise UserError(f"learner {path}: it has no labelCol, so it learns no label")
    if not _has(found, "weightCol"):
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


def saved_names(model: type[Any]) -> set[str]:
    """How the metadata of a saved model may name its class: Python's name, or the JVM's."""
    name = f"{model.__module__}.{model.__name__}"
    names = {name, name.replace("pyspark.", "org.apache.spark.", 1)}
    package = getattr(model, "getJavaPackage", None)  # of wrappers outside Spark
    return names | {str(package())} if callable(package) else names


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
        regresses = found.predicts_numbers
    else:
        regresses = not any(_has(found, name) for name in _OF_CLASSIFIERS)
    if regresses == is_regression:
        return
    wanted = "regressor" if is_regression else "classifier"
    kind = "BaggingRegressor" if is_regression else "BaggingClassifier"
    fact = _fact(found, regresses=regresses)
    raise UserError(f"learner {found.__name__}: {fact}, and {kind} needs a {wanted}")


def _fact(found: type[Any], *, regresses: bool) -> str:
    """What a class is, and how that is known where its author did not say it."""
    kind = "regressor" if regresses else "classifier"
    if is_ours(found) or issubclass(found, Classifier | Regressor):
        return f"it is a {kind}"
    has = "neither probabilityCol nor" if regresses else "probabilityCol or"
    return f"it has {has} rawPredictionCol, which makes it a {kind}"


def _has(found: type[Any], name: str) -> bool:
    """Whether a class has a param."""
    return isinstance(getattr(found, name, None), Param)


def _require_params(found: type[Any], params: Mapping[str, Any]) -> None:
    known = sorted(name for name in dir(found) if name not in _OURS and _has(found, name))
    wrong = [sentence for name in params if (sentence := _problem(found, name, params, known))]
    if wrong:
        raise UserError("\n".join(f"learner {found.__name__}: {sentence}" for sentence in wrong))


def _problem(
    found: type[Any], name: str, params: Mapping[str, Any], known: Sequence[str]
) -> str | None:
    if name not in known:
        return import_paths.wrong_param(name, known, _OURS)
    try:
        getattr(found, name).typeConverter(params[name])
    except (TypeError, ValueError) as error:
        return f"{name}: {error}"
    return None

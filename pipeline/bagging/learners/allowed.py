"""What may be loaded by name: estimators for training, and the types in a replica's file.

Both come as text that may be wrong or hostile: a path from a configuration, a file from a model's
directory. All of it is judged before anything is imported or made. scikit-learn and skops are
imported inside functions, when they are needed: the driver that fits trees does not load them.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from typing import Any
from zipfile import ZIP_STORED, BadZipFile, ZipFile

from pipeline.bagging.learners import import_paths
from pipeline.errors import ModelError, UserError

KNOWN: tuple[str, ...] = (
    "sklearn.discriminant_analysis.LinearDiscriminantAnalysis",
    "sklearn.discriminant_analysis.QuadraticDiscriminantAnalysis",
    "sklearn.ensemble.AdaBoostClassifier",
    "sklearn.ensemble.AdaBoostRegressor",
    "sklearn.ensemble.ExtraTreesClassifier",
    "sklearn.ensemble.ExtraTreesRegressor",
    "sklearn.ensemble.GradientBoostingClassifier",
    "sklearn.ensemble.GradientBoostingRegressor",
    "sklearn.ensemble.HistGradientBoostingClassifier",
    "sklearn.ensemble.HistGradientBoostingRegressor",
    "sklearn.ensemble.RandomForestClassifier",
    "sklearn.ensemble.RandomForestRegressor",
    "sklearn.linear_model.BayesianRidge",
    "sklearn.linear_model.ElasticNet",
    "sklearn.linear_model.GammaRegressor",
    "sklearn.linear_model.HuberRegressor",
    "sklearn.linear_model.Lasso",
    "sklearn.linear_model.LinearRegression",
    "sklearn.linear_model.LogisticRegression",
    "sklearn.linear_model.PassiveAggressiveClassifier",
    "sklearn.linear_model.PassiveAggressiveRegressor",
    "sklearn.linear_model.Perceptron",
    "sklearn.linear_model.PoissonRegressor",
    "sklearn.linear_model.QuantileRegressor",
    "sklearn.linear_model.Ridge",
    "sklearn.linear_model.RidgeClassifier",
    "sklearn.linear_model.SGDClassifier",
    "sklearn.linear_model.SGDRegressor",
    "sklearn.linear_model.TweedieRegressor",
    "sklearn.naive_bayes.BernoulliNB",
    "sklearn.naive_bayes.ComplementNB",
    "sklearn.naive_bayes.GaussianNB",
    "sklearn.naive_bayes.MultinomialNB",
    "sklearn.neighbors.KNeighborsClassifier",
    "sklearn.neighbors.KNeighborsRegressor",
    "sklearn.neighbors.NearestCentroid",
    "sklearn.neural_network.MLPClassifier",
    "sklearn.neural_network.MLPRegressor",
    "sklearn.svm.LinearSVC",
    "sklearn.svm.LinearSVR",
    "sklearn.svm.NuSVC",
    "sklearn.svm.NuSVR",
    "sklearn.svm.SVC",
    "sklearn.svm.SVR",
    "sklearn.tree.DecisionTreeClassifier",
    "sklearn.tree.DecisionTreeRegressor",
    "sklearn.tree.ExtraTreeClassifier",
    "sklearn.tree.ExtraTreeRegressor",
)
"""Import paths of the estimators that anyone may name."""

TRUSTED_TYPES: tuple[str, ...] = (
    "_loss.CyHalfMultinomialLoss",
    "scipy.sparse._csr.csr_matrix",
    "sklearn._loss.link.HalfLogitLink",
    "sklearn._loss.link.IdentityLink",
    "sklearn._loss.link.Interval",
    "sklearn._loss.link.LogLink",
    "sklearn._loss.link.LogitLink",
    "sklearn._loss.link.MultinomialLogit",
    "sklearn._loss.loss.AbsoluteError",
    "sklearn._loss.loss.ExponentialLoss",
    "sklearn._loss.loss.HalfBinomialLoss",
    "sklearn._loss.loss.HalfGammaLoss",
    "sklearn._loss.loss.HalfMultinomialLoss",
    "sklearn._loss.loss.HalfPoissonLoss",
    "sklearn._loss.loss.HalfSquaredError",
    "sklearn._loss.loss.HalfTweedieLoss",
    "sklearn._loss.loss.HalfTweedieLossIdentity",
    "sklearn._loss.loss.HuberLoss",
    "sklearn._loss.loss.PinballLoss",
    "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.metrics._dist_metrics.ChebyshevDistance64",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.metrics._dist_metrics.ManhattanDistance64",
    "sklearn.metrics._dist_metrics.MinkowskiDistance64",
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn.neighbors._ball_tree.BallTree64",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neighbors._kd_tree.KDTree64",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
)
"""Types that the known estimators hold, and that skops does not trust by itself."""

_OURS = {
    "n_jobs": "the threads of a task",
    "random_state": "the job's seed, anew for each replica",
}

# What a node of a file may be: the type that it must have (one that ends with a dot is the begin
# of one), None for a type that skops judges. Nodes that skops 0.11 judges by another name than it
# uses (CVE-2025-54412, CVE-2025-54413), or that call what a file names, are not here. The versions
# of skops without these faults need a newer numpy.
_NODES: Mapping[str, tuple[str, ...] | None] = {
    "BytearrayNode": ("builtins.bytearray",),
    "BytesNode": ("builtins.bytes",),
    "DTypeNode": ("numpy.dtype",),
    "DefaultDictNode": ("collections.defaultdict",),
    "DictNode": None,
    "FunctionNode": None,
    "JsonNode": ("builtins.str",),
    "ListNode": ("builtins.list",),
    # Reading a loss imports its module before skops asks whether it is trusted.
    "LossNode": ("_loss.", "sklearn.linear_model._sgd_fast."),
    "MaskedArrayNode": ("numpy.ma.", "numpy.ma.core."),
    "NdArrayNode": ("numpy.",),
    "ObjectNode": None,
    "RandomStateNode": ("numpy.random.mtrand.RandomState",),
    "SetNode": ("builtins.set",),
    "SliceNode": ("builtins.slice",),
    "SparseMatrixNode": ("scipy.sparse.",),
    "TreeNode": ("sklearn.tree._tree.Tree",),
    "TupleNode": None,
    "TypeNode": None,
}
_KEY_TYPES = ("builtins.bool", "builtins.float", "builtins.int", "builtins.str")
_PROTOCOL = 2  # what skops 0.11 writes
_SCHEMA = "schema.json"

# What json, zipfile and skops raise for a file that is damaged.
DAMAGED = (
    AttributeError,
    BadZipFile,
    EOFError,
    ImportError,
    LookupError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
)


def load_class(path: str, allowed: Sequence[str]) -> type[Any]:
    """The class at an import path.

    Parameters
    ----------
    path : str
        For example `sklearn.linear_model.LogisticRegression`.
    allowed : sequence of str
        Import paths that may be loaded besides those that are known.

    Raises
    ------
    UserError
        When the path is neither known nor allowed (nothing is imported then), when there is no
        such module or class, or when the class is no estimator.
    """
    found = import_paths.load(path, KNOWN, allowed, _advice(path))
    if not isinstance(found, type) or not all(
        callable(getattr(found, name, None)) for name in ("fit", "get_params", "predict")
    ):
        raise UserError(
            f"learner {path}: it is no scikit-learn estimator: a class with fit, predict and "
            "get_params"
        )
    return found


def require_params(cls: type[Any], params: Mapping[str, Any]) -> None:
    """Refuse what a class's constructor does not take.

    Raises
    ------
    UserError
        Names every wrong param, and the nearest right one.
    """
    taken = inspect.signature(cls).parameters.values()
    names = sorted(item.name for item in taken if item.name not in _OURS)
    takes_all = any(item.kind is inspect.Parameter.VAR_KEYWORD for item in taken)
    wrong = [
        import_paths.wrong_param(name, names, _OURS)
        for name in params
        if name in _OURS or (name not in names and not takes_all)
    ]
    if wrong:
        raise UserError("\n".join(f"learner {cls.__name__}: {sentence}" for sentence in wrong))


def require_kind(kind: Any, *, is_regression: bool) -> None:
    """Refuse a regressor for classes, and a classifier for values.

    Parameters
    ----------
    kind : type or estimator
        A class that `load_class` has found, or an estimator of it.
    is_regression : bool
        Whether the label is a number to predict.

    Raises
    ------
    UserError
        When it is of the other kind, or of neither.
    """
    from sklearn.base import is_classifier, is_regressor

    estimator = _example(kind)
    if (is_regressor if is_regression else is_classifier)(estimator):
        return
    is_other = (is_classifier if is_regression else is_regressor)(estimator)
    names = ("regressor", "classifier") if is_regression else ("classifier", "regressor")
    fact = f"it is a {names[1]}" if is_other else f"it does not say that it is a {names[0]}"
    task = "regression" if is_regression else "classification"
    name = (kind if isinstance(kind, type) else type(kind)).__name__
    raise UserError(f"learner {name}: {fact}, and {task} needs a {names[0]}")


def new_estimator(
    path: str, params: Mapping[str, Any], *, is_regression: bool, allowed: Sequence[str]
) -> Any:
    """An untrained estimator; all that can be judged without rows is judged, also on the driver.

    Parameters
    ----------
    path : str
        Import path of its class.
    params : mapping
        Arguments of its constructor.
    is_regression : bool
        Whether the label is a number to predict.
    allowed : sequence of str
        Import paths that may be loaded besides those that are known.

    Raises
    ------
    UserError
        When the path may not be loaded, a param or its value is wrong, or the estimator is of
        another kind.
    """
    cls = load_class(path, allowed)
    require_params(cls, params)
    try:
        estimator = cls(**params)
        if hasattr(estimator, "_parameter_constraints"):  # scikit-learn's own have them
            estimator._validate_params()
    except (TypeError, ValueError) as error:
        raise UserError(f"learner {path}: {error}") from error
    require_kind(estimator, is_regression=is_regression)
    return estimator


def require_trusted(data: bytes, allowed: Sequence[str]) -> list[str]:
    """Refuse a replica's file that would make what nobody has allowed; makes nothing itself.

    Parameters
    ----------
    data : bytes
        A file that skops has written.
    allowed : sequence of str
        Types that it may hold besides those of known estimators.

    Returns
    -------
    list of str
        The types to open it with.

    Raises
    ------
    ModelError
        When it is no such file, or holds other types; names them.
    """
    from skops.io import get_untrusted_types

    try:
        _require_plain_nodes(_schema(data))
        types: list[str] = get_untrusted_types(data=data)
    except DAMAGED as error:
        raise ModelError(f"a replica's file is damaged, or not from skops: {error}") from error
    strange = [name for name in types if name not in TRUSTED_TYPES and name not in allowed]
    if strange:
        raise ModelError(
            f"a replica's file holds {', '.join(strange)}, which may not be loaded; if the model "
            "is from someone you trust, add it to bagging.learners_allowed"
        )
    return types


def nodes(state: Any) -> Iterator[dict[str, Any]]:
    """All nodes of a skops schema, in the order of the document.

    A node may lie at any depth of lists and dicts; it is a dict that names its loader.
    """
    if isinstance(state, dict):
        if isinstance(state.get("__loader__"), str):
            yield state
        for item in state.values():
            yield from nodes(item)
    elif isinstance(state, list):
        for item in state:
            yield from nodes(item)


def type_of(node: Mapping[str, Any]) -> str:
    """The import path of a node's type."""
    return f"{node['__module__']}.{node['__class__']}"


# --- names ----------------------------------------------------------------------------------------


def _advice(path: str) -> str:
    package, dot, name = path.rpartition(".")
    if not dot or not name.isidentifier() or not all(map(str.isidentifier, package.split("."))):
        return "An estimator is named by its import path: package.module.Class"
    return f"To load a class of your own, add {path} to bagging.learners_allowed"


def _example(kind: Any) -> Any:
    """An estimator of a class; a class itself says what it is only by what it inherits."""
    if not isinstance(kind, type):
        return kind
    try:
        return kind()
    except TypeError:  # it has params without a default
        return object.__new__(kind)


# --- files ----------------------------------------------------------------------------------------


def _schema(data: bytes) -> dict[str, Any]:
    with ZipFile(BytesIO(data)) as file:
        if any(item.compress_type != ZIP_STORED for item in file.infolist()):
            raise ValueError("it is compressed, which no replica's file is")
        schema = json.loads(file.read(_SCHEMA))
    if not isinstance(schema, dict) or schema.get("protocol") != _PROTOCOL:
        raise ValueError(f"its protocol is not {_PROTOCOL}")
    return schema


def _require_plain_nodes(schema: Mapping[str, Any]) -> None:
    for node in nodes(schema):
        loader = node["__loader__"]
        if loader not in _NODES or not _is_one_of(type_of(node), _NODES[loader]):
            raise ValueError(f"a {loader} of type {type_of(node)} has no place in it")
        if loader == "DictNode":
            _require_plain_keys(node["key_types"])


def _require_plain_keys(node: Mapping[str, Any]) -> None:
    # skops calls a key's type. A node with an identity could stand for another one.
    for item in (node, *node["content"]):
        if "__id__" in item:
            raise ValueError("the type of a key has an identity")
    if any(
        item["__loader__"] != "TypeNode" or not _is_one_of(type_of(item), _KEY_TYPES)
        for item in node["content"]
    ):
        raise ValueError("a key is neither text nor a number")


def _is_one_of(path: str, types: tuple[str, ...] | None) -> bool:
    if types is None:
        return True
    return any(path.startswith(item) if item.endswith(".") else path == item for item in types)

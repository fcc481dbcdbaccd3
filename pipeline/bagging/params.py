"""How many replicas, what a replica is, how its sample is drawn, how replicas are put together."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from pyspark.ml.param import TypeConverters

from pipeline.bagging.learners.learner import XGBOOST
from pipeline.bagging.resampling import SCHEMES, Sampling, Scheme
from pipeline.boosting.params import TreeParams
from pipeline.errors import UserError
from pipeline.estimators.class_weights import is_class_weight, to_class_weight
from pipeline.estimators.params import ColumnParams, GangParams, OurParams, Rule, declare

COMBINATIONS = {"classification": ("soft", "hard"), "regression": ("mean", "median")}


def _as_it_is(value: Any) -> Any:
    return value


class SpreadParams(ColumnParams):
    """What a bagged model adds to a frame besides predictions, and what it may load."""

    spread_col = declare(
        "spread_col",
        "column for the replicas' standard deviation: of the predicted class's probability, or of "
        "the value; default: none",
        TypeConverters.toString,
    )
    quantiles_col = declare(
        "quantiles_col",
        "column for quantiles of the same over replicas, an array; default: none",
        TypeConverters.toString,
    )
    quantiles = declare("quantiles", "which quantiles", TypeConverters.toListFloat)
    learners_allowed = declare(
        "learners_allowed",
        "import paths of estimators, besides those of scikit-learn and Spark ML that are known, "
        "that may be loaded as learners",
        TypeConverters.toListString,
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "quantiles",
            lambda value: bool(value) and all(0 <= level <= 1 for level in value),
            "numbers from 0 to 1",
        ),
    )

    def __init__(self) -> None:
        super().__init__()
        self._setDefault(quantiles=[0.05, 0.5, 0.95], learners_allowed=[])


class SamplingParams(OurParams):
    """How a replica's sample is drawn."""

    sampling = declare(
        "sampling",
        "how rows are drawn: bootstrap (with replacement; default where a worker gets all rows), "
        "poisson (each row on its own; the default where rows are sharded) or pasting (without "
        "replacement); default: by placement",
        TypeConverters.toString,
    )
    max_samples = declare(
        "max_samples", "size of a sample as a share of the rows", TypeConverters.toFloat
    )
    max_features = declare(
        "max_features",
        "share of the columns that a replica may use, drawn for each replica",
        TypeConverters.toFloat,
    )
    stratified = declare(
        "stratified", "draw class by class, so that samples keep shares", TypeConverters.toBoolean
    )
    group_col = declare(
        "group_col",
        "column whose equal values are drawn together, as one; default: rows are drawn",
        TypeConverters.toString,
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("sampling", lambda value: value in SCHEMES, f"one of {', '.join(SCHEMES)}"),
        Rule("max_samples", lambda value: 0 < value <= 10, "above 0 and at most 10"),
        Rule("max_features", lambda value: 0 < value <= 1, "above 0 and at most 1"),
    )

    def __init__(self) -> None:
        super().__init__()
        self._setDefault(max_samples=1.0, max_features=1.0, stratified=False)

    def sampling_for(self, *, is_sharded: bool) -> Sampling:
        """The sampling, where each worker gets all rows or its own shard only.

        Raises
        ------
        UserError
            When sharded rows cannot be drawn that way.
        """
        by_default: Scheme = "poisson" if is_sharded else "bootstrap"
        scheme: Scheme = self.value("sampling") or by_default
        if is_sharded and (scheme != "poisson" or self.value("stratified")):
            wish = "stratified" if self.value("stratified") else f"sampling={scheme}"
            raise UserError(
                f"{wish} needs all rows in one place, and with placement=gang each worker has only "
                "its own: use sampling=poisson without stratified, or placement=task"
            )
        return Sampling(
            scheme,
            self.value("max_samples"),
            self.value("max_features"),
            self.value("stratified"),
            bool(self.value("group_col")),
        )

    def _sampling_problems(self) -> list[str]:
        scheme = self.value("sampling")
        problems = []
        if scheme == "pasting" and self.value("max_samples") >= 1:
            problems.append(
                "sampling=pasting draws without replacement, so max_samples must be below 1: all "
                "replicas would see all rows"
            )
        if self.value("stratified") and scheme == "poisson":
            problems.append("stratified goes with sampling=bootstrap or pasting, not poisson")
        if self.value("stratified") and self.value("group_col"):
            problems.append("stratified and group_col do not go together: a group has no one class")
        return problems


class BaggingParams(TreeParams, SamplingParams, GangParams, SpreadParams):
    """A replica is by default one XGBoost tree, grown to the depth of the tree params."""

    replicas = declare("replicas", "learners, each trained on its own sample", TypeConverters.toInt)
    learner = declare(
        "learner",
        "what a replica is: xgboost (a tree, or a boosted ensemble of `rounds` trees), network (a "
        "multilayer perceptron), or the import path of a scikit-learn or Spark ML estimator",
        TypeConverters.toString,
    )
    learner_params = declare(
        "learner_params",
        "params of a learner other than xgboost, by name; xgboost's have keys of their own",
        _as_it_is,
    )
    placement = declare(
        "placement",
        "where: task (replicas in parallel, each worker with all rows), gang (rows sharded over "
        "the workers, which train each replica together) or auto (task where the rows fit)",
        TypeConverters.toString,
    )
    parallelism = declare(
        "parallelism",
        "replicas that are trained at once where the learner is a Spark ML estimator",
        TypeConverters.toInt,
    )
    worker_memory_mb = declare(
        "worker_memory_mb",
        "memory of one worker process, for placement=auto; 0: look at the executors",
        TypeConverters.toInt,
    )
    rounds = declare("rounds", "boosted trees in each replica (xgboost)", TypeConverters.toInt)
    eta = declare("eta", "learning rate of a replica's trees (xgboost)", TypeConverters.toFloat)
    objective = declare(
        "objective",
        "XGBoost's objective; default: squared error, which for one tree is the Gini impurity; "
        "log loss for classes and several rounds",
        TypeConverters.toString,
    )
    combine = declare(
        "combine",
        "how replicas are put together: soft (mean probability) or hard (most votes) for classes, "
        "mean or median for numbers; default: soft, mean",
        TypeConverters.toString,
    )
    class_weight = declare(
        "class_weight",
        "what classes weigh: none, balanced (each as much as the others), or a map of class to "
        "weight",
        to_class_weight,
    )
    out_of_bag = declare(
        "out_of_bag",
        "what is kept of it: error (by number of replicas), rows (also each row's prediction, with "
        "the model) or none",
        TypeConverters.toString,
    )
    importance = declare(
        "importance",
        "measure each column's importance: how much the out-of-bag error grows when it is shuffled",
        TypeConverters.toBoolean,
    )
    early_stopping = declare(
        "early_stopping",
        "stop when so many replicas have hardly changed the out-of-bag error; 0: never",
        TypeConverters.toInt,
    )
    early_stopping_tolerance = declare(
        "early_stopping_tolerance",
        "the least improvement that counts, as a share of the error",
        TypeConverters.toFloat,
    )
    checkpoint_dir = declare(
        "checkpoint_dir",
        "URI where finished replicas are kept, so that a fit that was killed goes on with them; to "
        "be deleted when the model is saved; reachable from all nodes; unset: the fit's scratch",
        TypeConverters.toString,
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("replicas", lambda value: 1 <= value <= 100_000, "from 1 to 100000"),
        Rule("placement", lambda value: value in ("auto", "task", "gang"), "auto, task or gang"),
        Rule("parallelism", lambda value: value >= 1, "1 or more"),
        Rule("worker_memory_mb", lambda value: value >= 0, "0 or more"),
        Rule("rounds", lambda value: value >= 1, "1 or more"),
        Rule("eta", lambda value: 0 < value <= 1, "above 0 and at most 1"),
        Rule("class_weight", is_class_weight, "none, balanced, or a map of class to weight"),
        Rule("learner_params", lambda value: isinstance(value, dict), "a map of names to values"),
        Rule("out_of_bag", lambda value: value in ("error", "rows", "none"), "error, rows or none"),
        Rule("early_stopping", lambda value: value >= 0, "0 or more"),
        Rule("early_stopping_tolerance", lambda value: 0 <= value < 1, "at least 0, below 1"),
    )

    def __init__(self) -> None:
        super().__init__()
        # Leaves are unpenalised means.
        self._setDefault(
            replicas=100,
            learner=XGBOOST,
            learner_params={},
            placement="auto",
            parallelism=2,
            worker_memory_mb=0,
            rounds=1,
            eta=1.0,
            class_weight="none",
            out_of_bag="error",
            importance=False,
            early_stopping=0,
            early_stopping_tolerance=0.002,
            max_depth=10,
            max_bin=256,
            min_child_weight=5.0,
            reg_lambda=0.0,
        )

    def require_valid(self) -> None:
        """Raise a `UserError` that lists params, and pairs of them, that are not allowed."""
        super().require_valid()
        problems = [*self._sampling_problems(), *self._learner_problems()]
        try:
            json.dumps(self.value("learner_params"), allow_nan=False)
        except (TypeError, ValueError) as error:
            problems.append(f"learner_params cannot be saved as JSON: {error}")
        if self.value("out_of_bag") == "none":
            problems += [
                f"{name} needs the out-of-bag estimate: out_of_bag is none"
                for name in ("importance", "early_stopping")
                if self.value(name)
            ]
        if problems:
            raise UserError(f"{type(self).__name__}: " + "; ".join(problems))

    def learner_settings(self) -> dict[str, Any]:
        """The learner's own params: XGBoost's, or those of `learner_params`."""
        if self.value("learner") != XGBOOST:
            return dict(self.value("learner_params"))
        given = {name: self.value(name) for name in ("rounds", "eta", "objective")}
        known = {name: value for name, value in given.items() if value is not None}
        return {**self.tree_params(), **known}

    def _learner_problems(self) -> list[str]:
        problems = []
        if self.value("learner") == XGBOOST and self.value("learner_params"):
            problems.append(
                "learner_params is for learners other than xgboost, whose params have keys of "
                "their own (max_depth, rounds, …)"
            )
        if self.value("max_features") < 1 and (self.value("colsample_bytree") or 1.0) < 1:
            problems.append(
                "max_features and colsample_bytree both draw a replica's columns: set one"
            )
        return problems

"""XGBoost's own training params under their native names, as Spark ML params."""

from __future__ import annotations

from typing import Any, ClassVar

from pyspark.ml.param import TypeConverters

from pipeline.errors import UserError
from pipeline.estimators.params import OurParams, Rule, declare

_OBJECTIVES = ("binary:logistic", "binary:logitraw", "multi:softprob", "multi:softmax")


class TreeParams(OurParams):
    """How one tree is grown; shared by boosting and by bagging with XGBoost trees."""

    max_depth = declare("max_depth", "greatest depth of a tree", TypeConverters.toInt)
    max_bin = declare("max_bin", "bins of a numeric column", TypeConverters.toInt)
    min_child_weight = declare(
        "min_child_weight", "least sum of second derivatives in a leaf", TypeConverters.toFloat
    )
    gamma = declare("gamma", "least loss reduction of a split", TypeConverters.toFloat)
    reg_lambda = declare("reg_lambda", "L2 penalty on leaf values", TypeConverters.toFloat)
    reg_alpha = declare("reg_alpha", "L1 penalty on leaf values", TypeConverters.toFloat)
    colsample_bytree = declare(
        "colsample_bytree", "share of the columns that a tree may use", TypeConverters.toFloat
    )
    colsample_bylevel = declare(
        "colsample_bylevel", "share of those that a level may use", TypeConverters.toFloat
    )
    colsample_bynode = declare(
        "colsample_bynode", "share of those that a split may use", TypeConverters.toFloat
    )
    max_cat_to_onehot = declare(
        "max_cat_to_onehot",
        "columns with fewer categories are split one against the rest",
        TypeConverters.toInt,
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("max_depth", lambda value: 1 <= value <= 32, "from 1 to 32"),
        Rule("max_bin", lambda value: 2 <= value <= 65_535, "from 2 to 65535"),
        Rule("min_child_weight", lambda value: value >= 0, "0 or more"),
        Rule("gamma", lambda value: value >= 0, "0 or more"),
        Rule("reg_lambda", lambda value: value >= 0, "0 or more"),
        Rule("reg_alpha", lambda value: value >= 0, "0 or more"),
        Rule("colsample_bytree", lambda value: 0 < value <= 1, "above 0 and at most 1"),
        Rule("colsample_bylevel", lambda value: 0 < value <= 1, "above 0 and at most 1"),
        Rule("colsample_bynode", lambda value: 0 < value <= 1, "above 0 and at most 1"),
        Rule("max_cat_to_onehot", lambda value: value >= 1, "1 or more"),
    )

    _TREE_NAMES = (
        "max_depth",
        "max_bin",
        "min_child_weight",
        "gamma",
        "reg_lambda",
        "reg_alpha",
        "colsample_bytree",
        "colsample_bylevel",
        "colsample_bynode",
        "max_cat_to_onehot",
    )

    def tree_params(self) -> dict[str, Any]:
        """Those that are defined, as XGBoost takes them."""
        values = {name: self.value(name) for name in self._TREE_NAMES}
        return {name: value for name, value in values.items() if value is not None}


class BoostingParams(TreeParams):
    """How trees follow each other."""

    rounds = declare("rounds", "most boosting rounds", TypeConverters.toInt)
    early_stopping_rounds = declare(
        "early_stopping_rounds",
        "stop after so many rounds without a better validation metric; 0: never",
        TypeConverters.toInt,
    )
    eta = declare("eta", "learning rate", TypeConverters.toFloat)
    subsample = declare("subsample", "share of the rows that a round sees", TypeConverters.toFloat)
    objective = declare(
        "objective",
        "XGBoost's objective; default: by the number of classes",
        TypeConverters.toString,
    )
    eval_metric = declare(
        "eval_metric", "XGBoost's metric; default: log loss", TypeConverters.toString
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("rounds", lambda value: value >= 1, "1 or more"),
        Rule("early_stopping_rounds", lambda value: value >= 0, "0 or more"),
        Rule("eta", lambda value: 0 < value <= 1, "above 0 and at most 1"),
        Rule("subsample", lambda value: 0 < value <= 1, "above 0 and at most 1"),
        Rule(
            "objective",
            lambda value: value in _OBJECTIVES,
            "one that gives class probabilities: binary:logistic, binary:logitraw, "
            "multi:softprob, multi:softmax",
        ),
    )

    def __init__(self) -> None:
        super().__init__()
        self._setDefault(
            rounds=200,
            early_stopping_rounds=0,
            eta=0.1,
            subsample=1.0,
            max_depth=6,
            max_bin=256,
            min_child_weight=1.0,
            reg_lambda=1.0,
        )

    def native_params(self, classes: int, seed: int) -> dict[str, Any]:
        """All of them as XGBoost takes them; a given objective or metric wins.

        Raises
        ------
        UserError
            When the objective is for two classes and there are more.
        """
        by_default = "binary:logistic" if classes == 2 else "multi:softprob"
        objective = str(self.value("objective") or by_default)
        is_multi = objective.startswith("multi:")
        if not is_multi and classes > 2:
            raise UserError(f"objective {objective} is for two classes, the label has {classes}")
        metric = self.value("eval_metric") or ("mlogloss" if is_multi else "logloss")
        return {
            "tree_method": "hist",
            "seed": seed,
            "objective": objective,
            "eval_metric": metric,
            **({"num_class": classes} if is_multi else {}),
            "eta": self.value("eta"),
            "subsample": self.value("subsample"),
            **self.tree_params(),
        }

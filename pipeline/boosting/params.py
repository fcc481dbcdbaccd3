"""XGBoost's own training params under their native names, as Spark ML params."""

from __future__ import annotations

from typing import Any, ClassVar

from pyspark.ml.param import TypeConverters

from pipeline.estimators.params import OurParams, Rule, declare


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
        """All of them as XGBoost takes them; a given objective or metric wins."""
        is_binary = classes == 2
        chosen = {
            "objective": "binary:logistic" if is_binary else "multi:softprob",
            "eval_metric": "logloss" if is_binary else "mlogloss",
        }
        for name in ("objective", "eval_metric"):
            chosen[name] = self.value(name) or chosen[name]
        sizes = {} if is_binary else {"num_class": classes}
        steps = {"eta": self.value("eta"), "subsample": self.value("subsample")}
        return {
            "tree_method": "hist",
            "seed": seed,
            **chosen,
            **sizes,
            **steps,
            **self.tree_params(),
        }

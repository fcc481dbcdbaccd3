"""How one tree is grown: XGBoost's own params under their native names, shared with bagging."""

from __future__ import annotations

from typing import Any, ClassVar

from pyspark.ml.param import TypeConverters

from pipeline.errors import UserError
from pipeline.estimators.params import OurParams, Rule, declare


class TreeParams(OurParams):
    """How one tree is grown; shared by boosting and by bagging with XGBoost trees."""

    max_depth = declare(
        "max_depth", "greatest depth of a tree; 0: max_leaves limits it", TypeConverters.toInt
    )
    max_leaves = declare("max_leaves", "most leaves of a tree; 0: no limit", TypeConverters.toInt)
    grow_policy = declare(
        "grow_policy",
        "which node is split next: depthwise (level by level) or lossguide (the greatest gain)",
        TypeConverters.toString,
    )
    max_bin = declare("max_bin", "bins of a numeric column", TypeConverters.toInt)
    min_child_weight = declare(
        "min_child_weight", "least sum of second derivatives in a leaf", TypeConverters.toFloat
    )
    gamma = declare("gamma", "least loss reduction of a split", TypeConverters.toFloat)
    max_delta_step = declare(
        "max_delta_step", "greatest value of a leaf; 0: no limit", TypeConverters.toFloat
    )
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
    max_cat_threshold = declare(
        "max_cat_threshold",
        "most categories that one side of a split is made of",
        TypeConverters.toInt,
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("max_depth", lambda value: 0 <= value <= 32, "from 0 to 32"),
        Rule("max_leaves", lambda value: value >= 0, "0 or more"),
        Rule(
            "grow_policy",
            lambda value: value in ("depthwise", "lossguide"),
            "depthwise or lossguide",
        ),
        Rule("max_delta_step", lambda value: value >= 0, "0 or more"),
        Rule("max_bin", lambda value: 2 <= value <= 65_535, "from 2 to 65535"),
        Rule("min_child_weight", lambda value: value >= 0, "0 or more"),
        Rule("gamma", lambda value: value >= 0, "0 or more"),
        Rule("reg_lambda", lambda value: value >= 0, "0 or more"),
        Rule("reg_alpha", lambda value: value >= 0, "0 or more"),
        Rule("colsample_bytree", lambda value: 0 < value <= 1, "above 0 and at most 1"),
        Rule("colsample_bylevel", lambda value: 0 < value <= 1, "above 0 and at most 1"),
        Rule("colsample_bynode", lambda value: 0 < value <= 1, "above 0 and at most 1"),
        Rule("max_cat_to_onehot", lambda value: value >= 1, "1 or more"),
        Rule("max_cat_threshold", lambda value: value >= 1, "1 or more"),
    )

    _TREE_NAMES = (
        "max_depth",
        "max_leaves",
        "grow_policy",
        "max_delta_step",
        "max_bin",
        "min_child_weight",
        "gamma",
        "reg_lambda",
        "reg_alpha",
        "colsample_bytree",
        "colsample_bylevel",
        "colsample_bynode",
        "max_cat_to_onehot",
        "max_cat_threshold",
    )

    def require_valid(self) -> None:
        """Raise a `UserError` that lists params, and pairs of them, that are not allowed."""
        super().require_valid()
        if self.value("max_depth") == 0 and not self.value("max_leaves"):
            raise UserError(
                f"{type(self).__name__}: max_depth=0 puts no limit on a tree, so max_leaves must: "
                "set one of them"
            )

    def tree_params(self) -> dict[str, Any]:
        """Those that are defined, as XGBoost takes them."""
        values = {name: self.value(name) for name in self._TREE_NAMES}
        return {name: value for name, value in values.items() if value is not None}

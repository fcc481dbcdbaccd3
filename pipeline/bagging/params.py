"""How many replicas, and what a replica is, as Spark ML params."""

from __future__ import annotations

from typing import Any, ClassVar

from pyspark.ml.param import TypeConverters

from pipeline.boosting.params import TreeParams
from pipeline.estimators.params import Rule, declare


class BaggingParams(TreeParams):
    """A replica is one XGBoost tree, grown to the depth of the tree params."""

    replicas = declare("replicas", "trees, each trained on its own sample", TypeConverters.toInt)

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("replicas", lambda value: 1 <= value <= 100_000, "from 1 to 100000"),
    )

    def __init__(self) -> None:
        super().__init__()
        # Leaves are unpenalised means.
        self._setDefault(
            replicas=100, max_depth=10, max_bin=256, min_child_weight=5.0, reg_lambda=0.0
        )

    def learner_params(self) -> dict[str, Any]:
        """The tree params as XGBoost takes them."""
        return self.tree_params()

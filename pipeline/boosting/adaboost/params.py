"""The params of AdaBoost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from pyspark.ml.param import TypeConverters

from pipeline.boosting.params.columns import RowParams
from pipeline.boosting.params.names import OTHER_NAMES, translated
from pipeline.boosting.params.rounds import MemoryParams, RoundCheckpointParams
from pipeline.boosting.params.trees import TreeParams
from pipeline.boosting.stopping import Patience
from pipeline.estimators.class_weights import is_class_weight, to_class_weight
from pipeline.estimators.params import Rule, declare

_OF_OTHERS = (
    *("baseMarginCol", "qidCol", "leafCol", "contribCol", "quantilesCol", "labelUpperCol"),
    *("initial_model", "eta"),
)


class AdaBoostParams(TreeParams, RowParams, RoundCheckpointParams, MemoryParams):
    """How the committee grows; how one of its trees grows is as in `TreeParams`."""

    other_names: ClassVar[Mapping[str, str]] = {
        **{other: own for other, own in OTHER_NAMES.items() if own not in _OF_OTHERS},
        "eta": "learning_rate",
    }

    rounds = declare("rounds", "most rounds; each adds one learner", TypeConverters.toInt)
    learning_rate = declare(
        "learning_rate", "by which every learner's vote is multiplied", TypeConverters.toFloat
    )
    early_stopping_rounds = declare(
        "early_stopping_rounds",
        "stop after so many rounds without a smaller error on validation rows; 0: never",
        TypeConverters.toInt,
    )
    class_weight = declare(
        "class_weight",
        "what classes weigh at the start: none, balanced (each as much as the others), or a map of "
        "class to weight",
        to_class_weight,
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("rounds", lambda value: value >= 1, "1 or more"),
        Rule("learning_rate", lambda value: 0 < value < math.inf, "positive"),
        Rule("early_stopping_rounds", lambda value: value >= 0, "0 or more"),
        Rule("class_weight", is_class_weight, "none, balanced, or a map of class to weight"),
    )

    def __init__(self) -> None:
        super().__init__()
        # Leaves only choose a class: a penalty on them would do nothing but choose worse splits.
        self._setDefault(
            rounds=50,
            learning_rate=1.0,
            early_stopping_rounds=0,
            class_weight="none",
            max_depth=1,
            max_bin=256,
            min_child_weight=0.001,
            reg_lambda=0.0,
        )

    def setParams(self, **values: Any) -> Any:  # noqa: N802 - Spark ML's name
        """Set several params by their names, or those that xgboost.spark has for them."""
        found = translated(type(self).__name__, values)
        if "eta" in found:  # the name that `translated` gives to all learning rates
            found["learning_rate"] = found.pop("eta")
        return super().setParams(**found)

    @property
    def patience(self) -> Patience | None:
        """When to stop early; None: never."""
        rounds = self.value("early_stopping_rounds")
        return Patience(rounds) if rounds else None

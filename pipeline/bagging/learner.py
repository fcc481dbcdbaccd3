"""The learner of a replica: one XGBoost tree on binned rows, imported on executors only.

Squared error on 0/1 targets splits by variance, which for two classes is the Gini impurity, and
with no penalty and a learning rate of 1 a leaf holds the share of the class among its rows: a
classification tree as CART grows it, on weights instead of copies.

References
----------
L. Breiman, J. Friedman, R. Olshen, C. Stone, "Classification and Regression Trees" (1984),
section 4.3: Gini impurity as the variance of a 0/1 target.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import xgboost as xgb

from pipeline.boosting.matrix import ShardBatches, binned
from pipeline.data.encoding import FeatureSchema
from pipeline.spark.shard_file import Floats, Shard


def targets_of(labels: Floats, classes: int) -> Floats:
    """0/1 targets: of the second class where there are two, else one column per class."""
    if classes == 2:
        return labels
    return np.asarray(labels[:, None] == np.arange(classes), dtype=np.float32)


class TreeLearner:
    """Binned rows that any number of trees is grown on.

    Parameters
    ----------
    shard : Shard
        All training rows.
    features : FeatureSchema
        Names and kinds of the columns.
    classes : int
        Classes of the label.
    params : mapping
        Tree params.
    threads : int
        Threads to compute with.
    on_chunk : callable, optional
        Called after every chunk of rows that was read.
    """

    def __init__(
        self,
        shard: Shard,
        features: FeatureSchema,
        classes: int,
        params: Mapping[str, Any],
        threads: int,
        on_chunk: Callable[[], None] | None = None,
    ) -> None:
        self._own_weights = shard.weights
        self._params = {
            "tree_method": "hist",
            "objective": "reg:squarederror",
            "base_score": 0.0,
            "eta": 1.0,
            "nthread": threads,
            **params,
        }
        targets = targets_of(shard.labels, classes)
        batches = ShardBatches(shard, targets, features.names, features.categorical, on_chunk)
        self._rows = binned(batches, max_bin=int(params["max_bin"]), threads=threads)

    def grow(self, counts: npt.NDArray[np.int64], seed: int) -> xgb.Booster:
        """A tree on rows drawn `counts` times each."""
        weights = counts.astype(np.float32)
        if self._own_weights is not None:
            weights *= self._own_weights
        self._rows.set_weight(weights)
        return xgb.train({**self._params, "seed": seed}, self._rows, num_boost_round=1)

    def predict(self, tree: xgb.Booster) -> npt.NDArray[np.float32]:
        """A tree's class shares for all rows, shape (rows, targets)."""
        found = np.asarray(tree.predict(self._rows))
        return found.reshape(found.shape[0], -1)

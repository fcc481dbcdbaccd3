"""XGBoost as the learner: one tree, or a small boosted ensemble, on binned rows.

By default a replica is one classification or regression tree as CART grows it: squared error on 0/1
targets splits by variance, which for classes is the Gini impurity, and with no penalty and a
learning rate of 1 a leaf holds the share of the class among its rows. With more than one round, or
an `objective`, a replica is a boosted ensemble. Imported on executors only.

References
----------
L. Breiman, J. Friedman, R. Olshen, C. Stone, "Classification and Regression Trees" (1984),
section 4.3: Gini impurity as the variance of a 0/1 target.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import xgboost as xgb
from xgboost import collective

from pipeline.bagging.learners.learner import Learner, LearnerSpec, Member
from pipeline.bagging.learners.missing import filled, sent_as_filled
from pipeline.bagging.learners.objectives import SQUARED, objective_of
from pipeline.bagging.learners.ordering import order_of
from pipeline.bagging.votes import Doubles
from pipeline.boosting.matrix import ShardBatches, binned
from pipeline.boosting.matrix_names import feature_types
from pipeline.boosting.ordering import ROWS_WORTH_ORDERING, OrderedRows
from pipeline.data.encoding import Matrix
from pipeline.spark.shard_file import Floats, Integers, Shard


def targets_of(labels: Floats, classes: int, objective: str = SQUARED) -> Floats:
    """What trees are grown on: values, class positions, or 0/1 targets with a column per class."""
    if classes <= 2 or objective.startswith("multi:"):
        return labels
    return np.asarray(labels[:, None] == np.arange(classes), dtype=np.float32)


def native_params(spec: LearnerSpec) -> dict[str, Any]:
    """The params of one replica as XGBoost takes them; a given objective wins."""
    given = {name: value for name, value in spec.params.items() if name != "rounds"}
    objective = given["objective"] = objective_of(spec)
    if objective == SQUARED:
        given.setdefault("base_score", 0.0)
    if objective.startswith("multi:"):
        given["num_class"] = spec.classes
    elif spec.classes > 2 and not spec.features.categorical:
        # One tree with a vector in each leaf; XGBoost has none of these with categories.
        given.setdefault("multi_strategy", "multi_output_tree")
    return {"tree_method": "hist", "eta": 1.0, **given}


def _nothing() -> None:
    return None


class TreeMember(Member):
    """A booster.

    Parameters
    ----------
    booster : Booster
        One replica.
    outputs : int
        Columns of its scores.
    data : bytes
        Its file.
    """

    def __init__(self, booster: xgb.Booster, outputs: int, data: bytes) -> None:
        self.booster = booster
        self._outputs = outputs
        self._data = data

    @classmethod
    def open(cls, data: bytes, spec: LearnerSpec, threads: int) -> TreeMember:
        """The member of a replica's file."""
        booster = xgb.Booster(model_file=bytearray(data))
        booster.set_param({"nthread": threads, "device": "cpu"})
        return cls(booster, spec.outputs, bytes(data))

    def scores(self, features: Matrix) -> Floats:
        """Class shares or values of encoded rows."""
        found = np.asarray(self.booster.inplace_predict(features), dtype=np.float32)
        return found.reshape(features.shape[0], self._outputs)

    def summed(self, features: Matrix, ranges: Sequence[tuple[int, int]]) -> Doubles:
        """Sums over ranges of iterations, in double precision, shape (rows, outputs)."""
        total = np.zeros((features.shape[0], self._outputs))
        for each in ranges:
            found = self.booster.inplace_predict(features, iteration_range=each)
            total += np.asarray(found).reshape(total.shape)
        return total

    def save(self) -> bytes:
        """XGBoost's own file format."""
        return self._data


class TreeLearner(Learner):
    """Binned rows that any number of replicas is grown on.

    Parameters
    ----------
    shard : Shard
        All training rows, or a gang worker's own.
    spec : LearnerSpec
        What to learn.
    threads : int
        Threads to compute with.
    gpus : tuple of str
        Addresses of the task's GPUs.
    on_chunk : callable, optional
        Called after every chunk of rows that was read, and after every round.
    """

    def __init__(
        self,
        shard: Shard,
        spec: LearnerSpec,
        threads: int,
        gpus: tuple[str, ...] = (),
        on_chunk: Callable[[], None] | None = None,
    ) -> None:
        self._spec = spec
        self._rounds = int(spec.params.get("rounds", 1))
        device = f"cuda:{gpus[0]}" if gpus else "cpu"
        self._params: Mapping[str, Any] = {
            **native_params(spec),
            "nthread": threads,
            "device": device,
        }
        targets = targets_of(shard.labels, spec.classes, self._params["objective"])
        # XGBoost's way with holes in a dense matrix takes half as long again.
        self._fills = not shard.is_sparse
        self._order = self._ordered(shard, targets)
        self._moved = on_chunk or _nothing
        self._newest: tuple[TreeMember, Floats] | None = None
        batches = ShardBatches(
            shard if self._order is None else OrderedRows(shard, self._order),
            targets if self._order is None else targets[self._order],
            spec.features.names,
            spec.features.categorical,
            on_chunk,
            partial(filled, spec.features) if self._fills else None,
        )
        self._rows = binned(batches, max_bin=int(spec.params["max_bin"]), threads=threads)

    def train(self, weights: Floats, seed: int, columns: Integers | None) -> TreeMember:
        """A replica on rows that count as much as `weights` says."""
        self._rows.set_weight(weights if self._order is None else weights[self._order])
        params = {**self._params, "seed": seed, **self._subspace(columns)}
        booster = xgb.Booster(params, [self._rows])
        for number in range(self._rounds):
            booster.update(self._rows, number)
            self._moved()
        # Training leaves every row in a leaf, so scores cost nothing now; `xgb.train` drops them.
        scores = self._shaped(booster.predict(self._rows))
        member = self._member(booster)
        self._newest = (member, scores)
        return member

    def scores(self, member: Member) -> Floats:
        """A replica's scores of all rows, from their bins."""
        if not isinstance(member, TreeMember):
            raise TypeError(f"a member of trees, not {type(member).__name__}")
        if self._newest is not None and self._newest[0] is member:
            return self._newest[1]
        return self._shaped(member.booster.predict(self._rows))

    def _member(self, booster: xgb.Booster) -> TreeMember:
        """A replica that finds missing values as they come, not as they were filled."""
        data = bytes(booster.save_raw("ubj"))
        if self._fills:
            data = sent_as_filled(data, self._spec.features)
        return TreeMember.open(data, self._spec, int(self._params["nthread"]))

    def _ordered(self, shard: Shard, targets: Floats) -> Integers | None:
        """An order of the rows in which trees grow faster; None: as they are."""
        if shard.is_sparse or shard.rows < ROWS_WORTH_ORDERING or collective.is_distributed():
            return None
        features = self._spec.features
        types = feature_types(features.width, features.categorical)
        return order_of(shard, targets, self._params, types, partial(filled, features))

    def _shaped(self, found: Any) -> Floats:
        """Scores in the shard's own order, shape (rows, outputs)."""
        scores = np.asarray(found, dtype=np.float32).reshape(-1, self._spec.outputs)
        if self._order is None:
            return scores
        own = np.empty_like(scores)
        own[self._order] = scores
        return own

    def _subspace(self, columns: Integers | None) -> dict[str, float]:
        """Let the trees use these columns only.

        XGBoost draws as many columns as are allowed, and one without weight never comes first.
        """
        if columns is None:
            return {}
        width = self._spec.features.width
        allowed = np.zeros(width, dtype=np.float32)
        allowed[columns] = 1.0
        self._rows.set_info(feature_weights=allowed)
        # Half a column more, so that rounding down gives that many.
        return {"colsample_bytree": min((len(columns) + 0.5) / width, 1.0)}

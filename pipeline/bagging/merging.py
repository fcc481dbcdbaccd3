"""One XGBoost booster instead of many, where the mean of their scores is a sum of trees.

Scores of trees add up, so an ensemble's mean is one booster with all the trees, each leaf divided
by the number of replicas: one native pass over the rows instead of one for each replica. A sigmoid
over a single tree is a tree, too, whose leaves are probabilities; over a sum of trees it is none.

Works on the bytes of XGBoost's files (UBJSON), without XGBoost, and holds one replica at a time.
"""

from __future__ import annotations

import copy
import itertools
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, BinaryIO, TypeAlias

import numpy as np
import numpy.typing as npt

from pipeline.boosting import ubjson
from pipeline.errors import ModelError

Doubles: TypeAlias = npt.NDArray[np.float64]

_IDENTITY = frozenset(
    {
        "reg:absoluteerror",
        "reg:pseudohubererror",
        "reg:quantileerror",
        "reg:squarederror",
        "reg:squaredlogerror",
    }
)
_SIGMOID = frozenset({"binary:logistic", "reg:logistic"})
_PLAIN: Mapping[str, Any] = {
    "name": "reg:squarederror",
    "reg_loss_param": {"scale_pos_weight": "1"},
}

_DAMAGE = (AttributeError, LookupError, TypeError, ValueError)
_CACHED_BYTES = 3 << 19  # of the file; half of them are read to predict
_CLOSEST = 1e-6  # XGBoost's base scores keep this distance from 0 and 1


def is_mergeable(objective: str, rounds: int, booster: str = "gbtree") -> bool:
    """Whether the mean of such replicas is a sum of trees.

    Parameters
    ----------
    objective : str
        XGBoost's objective.
    rounds : int
        Trees of a replica, for each of its outputs.
    booster : str
        XGBoost's kind of booster; `dart` weighs its trees and `gblinear` has none.
    """
    if booster != "gbtree":
        return False
    return objective in _IDENTITY or (objective in _SIGMOID and rounds == 1)


def merge(replicas: Iterable[bytes], count: int, sink: BinaryIO) -> None:
    """Write the booster that predicts the mean of all replicas.

    Iteration i of it is replica i: `booster[i : i + 1]` predicts that replica's share of the mean,
    for which its base score is part of its leaves. Replicas may differ in their number of rounds.
    Trees keep their statistics (gain, cover); attributes, which describe one replica, are left out.

    Parameters
    ----------
    replicas : iterable of bytes
        XGBoost's files, UBJSON; each is taken when the one before it is written.
    count : int
        How many there are.
    sink : binary file
        Where to write the merged booster, UBJSON; of no use when this raises.

    Raises
    ------
    ModelError
        When a replica does not match the first one, cannot be merged, is damaged, or when there
        are more or fewer than `count`.
    """
    ubjson.write(_Merged(replicas, count).document(), sink)


def passes(size: int, count: int) -> list[tuple[int, int]]:
    """Ranges of iterations to predict one after another and to sum, the fastest way on a CPU.

    XGBoost takes a block of rows through all trees, then the next block. Trees that do not fit a
    core's cache come from memory for each block, which makes one pass over a large ensemble slower
    than one for each replica. Summed in double precision, passes are closer to the mean as well:
    XGBoost adds up in single precision.

    Parameters
    ----------
    size : int
        Bytes of the merged booster's file.
    count : int
        Its replicas.

    Returns
    -------
    list of (int, int)
        Values for `iteration_range` of `Booster.inplace_predict`.
    """
    step = max(1, _CACHED_BYTES * count // max(size, 1))
    return [(start, min(start + step, count)) for start in range(0, count, step)]


class _Replica:
    """One replica's file, read."""

    def __init__(self, data: bytes, number: int) -> None:
        self.number = number
        try:
            document = ubjson.read(data)
            self.version = document["version"]
            self.learner: dict[str, Any] = document["learner"]
            self.objective = str(self.learner["objective"]["name"])
            booster = self.learner["gradient_booster"]
            kind = booster["name"]
            self._require(kind == "gbtree", f"is a booster of kind {kind}")
            self.model: dict[str, Any] = booster["model"]
            self.trees: list[dict[str, Any]] = self.model["trees"]
            self.targets: list[int] = self.model["tree_info"]
            self._require(is_mergeable(self.objective, self._rounds), self._kind)
        except ModelError as error:
            raise ModelError(f"replica {number}: {error}") from error
        except _DAMAGE as error:
            raise self.damaged(error) from error

    @cached_property
    def facts(self) -> dict[str, bytes]:
        """What is the same in all replicas of an ensemble, in comparable form."""
        param = self.learner["learner_model_param"]
        vectors = {tree["tree_param"]["size_leaf_vector"] for tree in self.trees}
        facts = {
            "objective": self.learner["objective"],
            "number of features": param["num_feature"],
            "feature names": self.learner["feature_names"],
            "feature types": self.learner["feature_types"],
            "number of targets": [param["num_target"], param["num_class"]],
            "size of leaves": sorted(vectors),
            "categories": self.model.get("cats"),
        }
        return {name: ubjson.dumps(fact) for name, fact in facts.items()}

    @cached_property
    def outputs(self) -> int:
        """Columns of its scores."""
        param = self.learner["learner_model_param"]
        return max(int(param["num_target"]), int(param["num_class"]), 1)

    @cached_property
    def margins(self) -> Doubles:
        """What is added to the trees of each output."""
        found = json.loads(self.learner["learner_model_param"]["base_score"])
        scores = np.broadcast_to(np.asarray(found, dtype=np.float64), (self.outputs,))
        return _logit(scores) if self.objective in _SIGMOID else scores

    def damaged(self, error: Exception) -> ModelError:
        """The error of a file without something that XGBoost writes."""
        return ModelError(
            f"replica {self.number} is no model of an XGBoost that this version knows, or it is "
            f"damaged: {error!r}"
        )

    @property
    def _rounds(self) -> int:
        return max(Counter(self.targets).values(), default=0)

    @property
    def _kind(self) -> str:
        return f"has the objective {self.objective} and {self._rounds} trees per output"

    def _require(self, is_true: bool, found: str) -> None:
        if not is_true:
            raise ModelError(f"it {found}; such replicas cannot be merged, score them one by one")


class _Merged:
    """The merged booster's content, made while it is written."""

    def __init__(self, replicas: Iterable[bytes], count: int) -> None:
        self._replicas = iter(replicas)
        self._count = count
        self._header: dict[str, Any] = {}
        self._targets: list[int] = []
        self._ends = [0]  # iteration i has the trees from ends[i] to ends[i + 1]

    def document(self) -> ubjson.Pairs:
        """All of it."""
        return ubjson.Pairs(self._document())

    def _document(self) -> Iterator[tuple[str, Any]]:
        yield "learner", ubjson.Pairs(self._learner())
        yield "version", self._header["version"]

    def _learner(self) -> Iterator[tuple[str, Any]]:
        # The trees come first: only after them everything else is known.
        yield "gradient_booster", ubjson.Pairs(self._booster())
        yield from self._header["learner"].items()

    def _booster(self) -> Iterator[tuple[str, Any]]:
        yield "model", ubjson.Pairs(self._model())
        yield "name", "gbtree"

    def _model(self) -> Iterator[tuple[str, Any]]:
        yield "trees", self._trees()
        yield from self._header["model"].items()

    def _trees(self) -> Iterator[dict[str, Any]]:
        first: dict[str, bytes] = {}
        for replica in map(self._read, self._replicas, itertools.count()):
            try:
                first = first or self._start(replica)
                _check(replica, first)
                yield from self._shares(replica)
            except _DAMAGE as error:
                raise replica.damaged(error) from error
            del replica  # or it would stay in memory while the next one is read
        self._finish()

    def _read(self, data: bytes, number: int) -> _Replica:
        if number == self._count:
            raise ModelError(f"more than the {self._count} replicas that the ensemble has")
        return _Replica(data, number)

    def _start(self, replica: _Replica) -> dict[str, bytes]:
        learner, model = dict(replica.learner), dict(replica.model)
        del learner["gradient_booster"], model["trees"]
        header = {"version": replica.version, "learner": learner, "model": model}
        # Copied, as views would keep the whole replica.
        self._header = copy.deepcopy(header)
        self._header["learner"]["attributes"] = {}
        self._header["learner"]["learner_model_param"] |= {
            "base_score": f"[{','.join(['0E0'] * replica.outputs)}]",
            "boost_from_average": "0",
        }
        if replica.objective in _SIGMOID:
            self._header["learner"]["objective"] = _PLAIN
        return replica.facts

    def _shares(self, replica: _Replica) -> Iterator[dict[str, Any]]:
        link = _sigmoid if replica.objective in _SIGMOID else _identity
        margins = replica.margins.copy()
        for tree, target in zip(replica.trees, replica.targets, strict=True):
            leaves = _Leaves(tree, target, margins)
            scores = link(leaves.values + leaves.margins) / self._count
            yield {**leaves.replaced(scores), "id": len(self._targets)}
            leaves.margins[...] = 0.0  # an output's first tree has it now
            self._targets.append(target)
        if margins.any():
            raise ValueError("no tree for an output")
        self._ends.append(len(self._targets))

    def _finish(self) -> None:
        found = len(self._ends) - 1
        if not found or found != self._count:
            raise ModelError(f"{found} replicas, but the ensemble has {self._count}")
        model = self._header["model"]
        model["gbtree_model_param"]["num_trees"] = str(len(self._targets))
        model |= {"iteration_indptr": self._ends, "tree_info": self._targets}


class _Leaves:
    """A tree's leaves, shape (leaves, outputs), where one output is all that most trees have."""

    def __init__(self, tree: dict[str, Any], target: int, margins: Doubles) -> None:
        self._tree = tree
        self._are_vectors = "leaf_weights" in tree
        if self._are_vectors:
            self._where = np.ones(len(tree["leaf_weights"]), dtype=bool)
            self.margins = margins
        else:
            self._where = tree["left_children"] == -1
            self.margins = margins[target : target + 1]
        values = tree[self._name][self._where].astype(np.float64)
        self.values: Doubles = values.reshape(-1, len(self.margins))

    def replaced(self, values: Doubles) -> dict[str, Any]:
        """The tree with other values in its leaves."""
        all_values = self._tree[self._name].copy()
        all_values[self._where] = values.ravel()
        return {**self._tree, self._name: all_values}

    @property
    def _name(self) -> str:
        return "leaf_weights" if self._are_vectors else "split_conditions"


def _check(replica: _Replica, first: Mapping[str, bytes]) -> None:
    different = [name for name, fact in replica.facts.items() if fact != first[name]]
    if different:
        raise ModelError(
            f"replica {replica.number} does not match the first one: other {', '.join(different)}; "
            "the replicas of an ensemble must come from one fit"
        )


def _identity(scores: Doubles) -> Doubles:
    return scores


def _sigmoid(scores: Doubles) -> Doubles:
    return np.asarray(0.5 + 0.5 * np.tanh(scores / 2))  # exp would overflow


def _logit(probabilities: Doubles) -> Doubles:
    # A sample without one of the classes has a base score of 0 or 1.
    inside = np.clip(probabilities, _CLOSEST, 1 - _CLOSEST)
    return np.asarray(np.log(inside) - np.log1p(-inside))

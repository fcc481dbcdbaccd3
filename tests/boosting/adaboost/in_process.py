"""AdaBoost's executor half in this process, on arrays, without Spark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xgboost as xgb

from pipeline import files
from pipeline.boosting.adaboost import samme
from pipeline.boosting.adaboost.predictor import AdaBoostPredictor
from pipeline.boosting.adaboost.rounds import AdaBoostTask, train_committee
from pipeline.boosting.task import RowRoles
from pipeline.data.encoding import Feature, FeatureSchema
from pipeline.spark.collectives import Seat
from pipeline.spark.shard_file import ShardRows, ShardWriter
from pipeline.spark.shards import Layout, ShardSet
from pipeline.spark.worker import Worker
from pipeline.store.checkpoints import Checkpoints

# The stumps that scikit-learn grows, up to the bins.
PARAMS = {
    "tree_method": "hist",
    "max_depth": 1,
    "max_bin": 256,
    "min_child_weight": 0.001,
    "reg_lambda": 0.0,
    "seed": 0,
}


class Silent:
    """The channel of a worker that has no driver; it may be told to break."""

    def __init__(self, breaks_after: int | None = None) -> None:
        self._breaks_after = breaks_after

    def advance(self) -> None:
        return None

    def send(self, kind: str, **data: Any) -> None:
        if kind == "round" and data["round"] + 1 == self._breaks_after:
            raise InterruptedError


def make_task(
    place: Path,
    features: np.ndarray,
    labels: np.ndarray,
    *,
    params: dict[str, Any] | None = None,
    is_validation: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    **changes: Any,
) -> AdaBoostTask:
    """A task on these rows, of which the shards are below a directory."""
    classes = int(labels.max()) + 1
    mask = np.zeros(len(labels), dtype=bool) if is_validation is None else is_validation
    rows = ShardRows(
        np.arange(len(labels)),
        features.astype(np.float32),
        labels.astype(np.float32),
        None if weights is None else weights.astype(np.float32),
    )
    (place / "shards").mkdir(parents=True, exist_ok=True)
    sizes = {}
    for part, chosen in (("train", ~mask), ("validation", mask)):
        path = place / "shards" / f"{part}-00000.arrow"
        width, is_weighted = features.shape[1], weights is not None
        with ShardWriter(path, width, is_sparse=False, is_weighted=is_weighted) as writer:
            if chosen.any():
                writer.add(rows.where(chosen))
        sizes[part] = int(chosen.sum())
    layout = Layout(features.shape[1], False, weights is not None)
    given: dict[str, Any] = {
        "shards": ShardSet(
            place.as_uri(), 1, layout, sizes, {part: (n,) for part, n in sizes.items()}, ""
        ),
        "features": FeatureSchema(
            tuple(Feature(f"x{i}", "numeric") for i in range(features.shape[1]))
        ),
        "roles": RowRoles(("q",) * features.shape[1]),
        "params": {
            **PARAMS,
            **samme.margin_params(classes),
            **(params or {}),
        },
        "rounds": 50,
        "output": (place / "booster.ubj").as_uri(),
        "checkpoints": Checkpoints((place / "checkpoints").as_uri()),
        "classes": classes,
    }
    return AdaBoostTask(**{**given, **changes})


def train(task: AdaBoostTask, breaks_after: int | None = None) -> dict[str, Any]:
    """What a gang of one returns, and under `booster` the file that it writes."""
    sender: Any = Silent(breaks_after)
    found = train_committee(task, Worker(Seat(0, 1, ("127.0.0.1",)), 1, (), sender))
    return {**found, "booster": files.read_bytes(task.output)}


def opened(task: AdaBoostTask, found: dict[str, Any]) -> AdaBoostPredictor:
    """The model that was trained, to score with; its classes are 0.0, 1.0, …"""
    metadata = {
        "kind": "adaboost",
        "features": task.features.to_json(),
        "label": {"name": "y", "classes": [float(place) for place in range(task.classes)]},
        "adaboost": {"alphas": found["alphas"], "missing": task.roles.missing},
    }
    return AdaBoostPredictor(metadata, {"booster.ubj": found["booster"]})


def rounds_of(found: dict[str, Any]) -> int:
    """Rounds of the booster that was written."""
    return int(xgb.Booster(model_file=bytearray(found["booster"])).num_boosted_rounds())

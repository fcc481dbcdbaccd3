"""The executor half of boosting in this process: shards in a directory, a worker on its own."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from pipeline.boosting.rounds import train_rounds
from pipeline.boosting.task import BoostingTask, RowRoles
from pipeline.data.encoding import Feature, FeatureSchema
from pipeline.spark.collectives import Seat
from pipeline.spark.shard_file import ShardRows, ShardWriter
from pipeline.spark.shards import Layout, Part, ShardSet
from pipeline.spark.worker import Worker
from pipeline.store.checkpoints import Checkpoints

WIDTH = 4
PARAMS = {"tree_method": "hist", "max_depth": 3, "max_bin": 32, "eta": 0.3, "seed": 5}


class InterruptedHereError(Exception):
    """The process is killed, as it were."""


@dataclass
class Channel:
    """What a worker says to its driver.

    Parameters
    ----------
    stop_after : int or None
        The round after whose report the worker is interrupted.
    """

    stop_after: int | None = None
    said: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    steps: int = 0

    def advance(self) -> None:
        self.steps += 1

    def send(self, kind: str, **data: Any) -> None:
        self.said.append((kind, data))
        if kind == "round" and data["round"] == self.stop_after:
            raise InterruptedHereError

    @property
    def notes(self) -> list[str]:
        return [data["text"] for kind, data in self.said if kind == "note"]

    @property
    def rounds(self) -> list[int]:
        return [data["round"] for kind, data in self.said if kind == "round"]


def lonely_worker(channel: Channel | None = None, threads: int = 1) -> Worker:
    sender: Any = channel or Channel()
    return Worker(Seat(0, 1, ("127.0.0.1",)), threads, (), sender)


def matrix_of(rows: int, seed: int = 0) -> npt.NDArray[np.float32]:
    """Numbers, the last column of few values, some missing."""
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(rows, WIDTH)).astype(np.float32)
    matrix[:, WIDTH - 1] = rng.integers(0, 3, rows)
    matrix[rng.random((rows, WIDTH)) < 0.05] = np.nan
    return matrix


def signal(matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """What labels follow from."""
    known = np.nan_to_num(matrix)
    return np.asarray(2 * known[:, 0] - known[:, 1] * known[:, 2] + known[:, 3], dtype=np.float32)


def sample(rows: int, seed: int = 0, **more: Any) -> ShardRows:
    """Rows whose label is a number that follows from the features, and noise."""
    matrix = matrix_of(rows, seed)
    noise = np.random.default_rng(seed + 1).normal(size=rows).astype(np.float32)
    given = {"labels": signal(matrix) + noise, **more}
    return ShardRows(np.arange(rows), matrix, **given)


def shards(directory: Path, train: ShardRows, validation: ShardRows | None = None) -> ShardSet:
    """The rows as a fit's shards, all for one worker."""
    layout = Layout(
        train.features.shape[1],
        sparse.issparse(train.features),
        train.weights is not None,
        train.groups is not None,
        train.groups is not None,
        0 if train.extras is None else train.extras.shape[1],
    )
    (directory / "shards").mkdir(parents=True)
    parts: dict[Part, ShardRows | None] = {"train": train, "validation": validation}
    for part, rows in parts.items():
        with ShardWriter(
            directory / "shards" / f"{part}-00000.arrow",
            layout.width,
            is_sparse=layout.is_sparse,
            is_weighted=layout.is_weighted,
            is_grouped=layout.is_grouped,
            extras=layout.extras,
        ) as writer:
            if rows is not None:
                writer.add(rows)
    counts: dict[Part, int] = {
        part: 0 if rows is None else len(rows) for part, rows in parts.items()
    }
    sizes: dict[Part, tuple[int, ...]] = {part: (count,) for part, count in counts.items()}
    return ShardSet(directory.as_uri(), 1, layout, counts, sizes, "fingerprint")


def schema(width: int = WIDTH) -> FeatureSchema:
    return FeatureSchema(tuple(Feature(f"f{place}", "numeric") for place in range(width)))


def task(
    directory: Path, rows: ShardSet, *, params: dict[str, Any] | None = None, **more: Any
) -> BoostingTask:
    """A task that writes below a directory."""
    directory.mkdir(parents=True, exist_ok=True)
    width = rows.layout.width
    made = BoostingTask(
        shards=rows,
        features=schema(width),
        roles=RowRoles(("q",) * width),
        params={"objective": "reg:squarederror", **PARAMS, **(params or {})},
        rounds=8,
        output=(directory / "booster.ubj").as_uri(),
        checkpoints=Checkpoints((directory / "checkpoints").as_uri()),
    )
    return replace(made, **more)


@dataclass(frozen=True)
class Run:
    """A training that came to its end."""

    booster: bytes
    result: dict[str, Any]
    channel: Channel


def run(task: BoostingTask, *, threads: int = 1) -> Run:
    channel = Channel()
    result = train_rounds(task, lonely_worker(channel, threads))
    return Run(Path(task.output.removeprefix("file://")).read_bytes(), result, channel)

"""Private memory of a worker: a large shard within a limit; what rows and values take."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import common
from benchmarks.bagging.results import Goal
from benchmarks.boosting import results
from benchmarks.boosting.memory_worker import private_kib
from benchmarks.boosting.options import Options
from benchmarks.boosting.results import IN_MEMORY, LARGE, ON_DISK, Figures, Timing
from pipeline.spark.shard_file import CHUNK_ROWS, ShardRows, ShardWriter

_THREADS = 2
_LIMIT_MIB = 512
_SHARD_BYTES = 2 << 30
_COLUMNS = 200
_ID_BYTES = 12  # with the label
_GRID_ROWS, _GRID_COLUMNS = (200_000, 400_000, 800_000), (10, 50)
_SHARE_MISSING = 0.1
_DAYS = 365
_PERIOD_S = 0.005
_FAILED = "failed"
_PARAMS = {
    **{"objective": "binary:logistic", "eval_metric": ["logloss"], "tree_method": "hist"},
    **{"eta": 0.1, "max_depth": 6, "max_bin": 256, "min_child_weight": 1.0, "reg_lambda": 1.0},
    "seed": 0,
}
_MODES = {IN_MEMORY: "never", ON_DISK: "always"}


@dataclass(frozen=True)
class Outcome:
    """What became of a worker.

    Parameters
    ----------
    seconds, loop : float
        Of the training, and of its rounds; of the process when it failed.
    data_mib, anonymous_mib : float
        The most private memory that it had asked for (`VmData`), and touched (`RssAnon`).
    more_bytes : float
        `VmData` beyond what it was before the training.
    problem : str
        Why it failed; empty when it did not.
    """

    seconds: float
    loop: float
    data_mib: float
    anonymous_mib: float
    more_bytes: float
    problem: str = ""


def run(options: Options) -> list[Goal]:
    """Measure, print a table, append to the results."""
    figures: list[Figures] = []
    try:
        figures.append(_large(options))
        for is_missing in (False, True):
            for what in _MODES:
                figures.append(_grid(what, options, is_missing=is_missing))
    finally:
        found = results.rows(figures)
        if found:
            common.append(results.PATH, results.FIELDS, found)
            sys.stdout.write(f"\n{results.markdown(found, of_memory=True)}\n\n")
    large = figures[0]
    return [
        Goal(
            f"{large.rows} rows of {large.columns} columns, {_size(large):.2f} GB, trained within "
            f"{_LIMIT_MIB} MiB: {large.note}",
            not large.note.startswith(_FAILED),
        )
    ]


def _large(options: Options) -> Figures:
    rows = options.rows or _SHARD_BYTES // (4 * _COLUMNS + _ID_BYTES)
    with _shard(rows, _COLUMNS) as directory:
        outcome = train(directory, rows, _COLUMNS, options.rounds, "always", _LIMIT_MIB)
    note = (
        f"{_FAILED}: {outcome.problem}"
        if outcome.problem
        else f"loop {outcome.loop:.1f} s, {options.rounds} rounds"
    )
    timing = Timing(outcome.seconds, loop=None if outcome.problem else outcome.loop)
    return Figures(
        LARGE,
        rows,
        options.rounds,
        _COLUMNS,
        [timing],
        memory_mib=outcome.data_mib,
        note=f"{note}; limit {_LIMIT_MIB} MiB, RssAnon {outcome.anonymous_mib:.1f} MiB",
    )


def _size(large: Figures) -> float:
    return large.rows * (4 * large.columns + _ID_BYTES) / 1e9


def _grid(what: str, options: Options, *, is_missing: bool) -> Figures:
    """Bytes of a row and of a value, from shards of several sizes."""
    scale = 1.0 if options.rows is None else min(options.rows / max(_GRID_ROWS), 1.0)
    sizes = [(int(rows * scale), columns) for rows in _GRID_ROWS for columns in _GRID_COLUMNS]
    outcomes = []
    for rows, columns in sizes:
        with _shard(rows, columns, _SHARE_MISSING if is_missing else 0.0) as directory:
            outcome = train(directory, rows, columns, options.rounds, _MODES[what], 0)
        if outcome.problem:
            raise RuntimeError(f"{what}: {outcome.problem}")
        outcomes.append(outcome)
    taken = share_out(sizes, [outcome.more_bytes for outcome in outcomes])
    rows, columns = sizes[-1]
    values = f"{_SHARE_MISSING:.0%} missing" if is_missing else "none missing"
    return Figures(
        what,
        rows,
        options.rounds,
        columns,
        [Timing(outcomes[-1].seconds, loop=outcomes[-1].loop)],
        memory_mib=outcomes[-1].data_mib,
        bytes_per_row=taken.row,
        bytes_per_value=taken.value,
        note=(
            f"values: {values}; besides {taken.column / 1024:.0f} KiB a column and "
            f"{taken.fixed / 2**20:.0f} MiB"
        ),
    )


@dataclass(frozen=True)
class Taken:
    """Bytes that are there in any case, and of each column, row, value."""

    fixed: float
    column: float
    row: float
    value: float


def share_out(sizes: Sequence[tuple[int, int]], measured: Sequence[float]) -> Taken:
    """What explains the bytes of shards of (rows, columns) best, by least squares.

    Histograms and sketches are as large for few rows as for many: they are the columns' share.
    """
    design = [[1.0, columns, rows, rows * columns] for rows, columns in sizes]
    largest = np.max(design, axis=0)  # or the columns' share would be lost in rounding
    found, *_ = np.linalg.lstsq(design / largest, np.asarray(measured), rcond=None)
    return Taken(*map(float, found / largest))


class _shard:  # noqa: N801 - a context manager
    """A directory with a shard in it: the first columns follow from a day, the rest is noise."""

    def __init__(self, rows: int, columns: int, missing: float = 0.0) -> None:
        self._rows, self._columns, self._missing = rows, columns, missing
        self._directory = tempfile.TemporaryDirectory(prefix="boosting-memory-")

    def __enter__(self) -> Path:
        directory = Path(self._directory.name)
        (directory / "shards").mkdir()
        path = directory / "shards" / "train-00000.arrow"
        with ShardWriter(path, self._columns, is_sparse=False, is_weighted=False) as writer:
            for chunk in self._chunks():
                writer.add(chunk)
        return directory

    def __exit__(self, *_raised: object) -> None:
        self._directory.cleanup()

    def _chunks(self) -> Iterator[ShardRows]:
        generator = np.random.default_rng(0)
        for start in range(0, self._rows, CHUNK_ROWS):
            count = min(CHUNK_ROWS, self._rows - start)
            features = generator.standard_normal((count, self._columns), dtype=np.float32)
            day = generator.integers(0, _DAYS, count)
            features[:, 0] = day
            for place in range(1, 5):
                features[:, place] = np.round(20 * np.sin(place * day * 2 * np.pi / _DAYS))
            score = features[:, 1] / 10 + features[:, 5] - features[:, 6] * features[:, 7]
            labels = (score + generator.standard_normal(count) > 0).astype(np.float32)
            if self._missing:
                features[generator.random(features.shape) < self._missing] = np.nan
            yield ShardRows(np.arange(start, start + count), features, labels)


def train(
    directory: Path, rows: int, columns: int, rounds: int, mode: str, limit_mib: int
) -> Outcome:
    """Train on a shard in a process of its own; 0: no limit."""
    facts = {
        **{"directory": str(directory), "rows": rows, "columns": columns, "rounds": rounds},
        **{"mode": mode, "limit_mib": limit_mib, "threads": _THREADS, "params": _PARAMS},
    }
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": str(_THREADS),
        "OPENBLAS_NUM_THREADS": "1",  # 80 MiB less; boosting does not use it
        "SPARK_EXECUTOR_DIRS": str(directory),
    }
    command = [sys.executable, "-m", "benchmarks.boosting.memory_worker", json.dumps(facts)]
    began = time.monotonic()
    with (directory / "log").open("w+", encoding="utf-8") as log:
        process = subprocess.Popen(
            command, cwd=common.ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            data, anonymous = _peaks(process)
        finally:
            process.kill()
            process.wait()
        log.seek(0)
        lines = log.read().strip().splitlines() or ["it said nothing"]
    seconds = time.monotonic() - began
    sys.stderr.write(
        f"{rows} rows, {columns} columns, {mode}: {seconds:.1f} s, VmData {data / 1024:.1f} MiB, "
        f"RssAnon {anonymous / 1024:.1f} MiB\n"
    )
    if process.returncode:
        problem = f"exit status {process.returncode}: {lines[-1][:300]}"
        return Outcome(seconds, seconds, data / 1024, anonymous / 1024, 0.0, problem)
    told = json.loads(lines[-1])
    more = (data - told["data_kib"]) * 1024
    return Outcome(told["seconds"], told["loop"], data / 1024, anonymous / 1024, more)


def _peaks(process: subprocess.Popen[bytes]) -> tuple[int, int]:
    """The most private memory (KiB) that a process asked for, and touched, until it ended."""
    data = anonymous = 0
    while process.poll() is None:
        try:
            now = private_kib(str(process.pid))
        except (OSError, KeyError):  # it has ended
            break
        data, anonymous = max(data, now[0]), max(anonymous, now[1])
        time.sleep(_PERIOD_S)
    process.wait()
    return data, anonymous

"""A small table, and rehearsals of its jobs on the tests' Hadoop."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from pipeline.emr import yarn
from pipeline.emr.yarn import Application
from pipeline.local.hadoop.state import HadoopState
from pipeline.store.runs import RunPlace, list_runs, read_run

COMMAND = Path(sys.executable).parent / "emr-ensembles"
ROWS = 4_000
SECTIONS = {
    "boosting": {"rounds": 8, "max_depth": 3},
    "bagging": {"replicas": 4, "max_depth": 4},
    "deep": {"hidden": [8], "epochs": 2, "batch_size": 256},
    "spark": {"spark.sql.shuffle.partitions": 4},
}


@dataclass(frozen=True)
class Rehearsals:
    """Rehearsals with one config.

    Parameters
    ----------
    hadoop : HadoopState
        Where.
    config : Path
        The config; its output lies beside it.
    output : str
        Where the jobs write, on the cluster.
    base : str
        What `--base` says.
    """

    hadoop: HadoopState
    config: Path
    output: str
    base: str

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        command = [
            *(str(COMMAND), "rehearse", "--config", str(self.config)),
            *("--cluster", self.hadoop.directory, "--base", self.base, *arguments),
        ]
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ
        )

    def run(self, *arguments: str, timeout: float = 280.0) -> tuple[int, str]:
        """Exit code, and what was written."""
        process = self.start(*arguments)
        try:
            said, _ = process.communicate(timeout=timeout)
        except BaseException:
            process.kill()
            raise
        return process.returncode, said

    def record(self) -> dict[str, Any]:
        """The last run's."""
        return read_run(RunPlace(self.output, list_runs(self.output)[-1]))

    def applications(self, job: str) -> list[Application]:
        """What YARN knows of a job of the last run."""
        run_id = list_runs(self.output)[-1]
        return [each for each in yarn.applications(self.hadoop.webapp, run_id) if job in each.tags]


def small_config(place: Path, name: str, **changes: Any) -> Path:
    """A config, and its table, in a directory."""
    random = np.random.default_rng(7)
    numbers = random.normal(size=(ROWS, 4)).astype(np.float32)
    label = numbers[:, 0] + numbers[:, 1] * numbers[:, 2] > 0
    columns = {f"x{place}": numbers[:, place] for place in range(4)}
    pq.write_table(pa.table({**columns, "y": label.astype(np.int32)}), place / "table.parquet")
    whole = {
        "name": name,
        "output": str(place / "out"),
        "source": {"kind": "parquet", "uri": str(place / "table.parquet")},
        "columns": {"label": "y"},
        "seed": 5,
        **SECTIONS,
        **changes,
    }
    file = place / "job.yaml"
    file.write_text(yaml.safe_dump(whole))
    return file


def rehearsals_of(
    hadoop: HadoopState, directory: Path, base: str | None = None, **changes: Any
) -> Rehearsals:
    """A config of its own, in that directory."""
    name = f"small-{uuid.uuid4().hex[:8]}"
    place = base or f"{hadoop.namenode}/rehearsals"
    config = small_config(directory, name, **changes)
    return Rehearsals(hadoop, config, f"{place}/{name}/output", place)

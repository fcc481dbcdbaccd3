"""A cluster, a config, and the command in this process."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline import files
from pipeline.cli.emr import arguments
from pipeline.cli.emr import submit as submit_command
from pipeline.cli.main import main
from pipeline.cli.runs.logs import _let_pass
from pipeline.emr.running.api import Emr
from pipeline.emr.running.record import ClusterRecord
from pipeline.emr.staging import Code
from pipeline.store.runs import RunPlace, list_runs, read_run
from tests.emr.clusters.samples import artifacts, cluster
from tests.emr.pretended import PretendedCluster

TWO = ("--jobs", "prepare", "boost")

# Three drivers and three executors of these have room beside each other on two g5.2xlarge.
SMALL = {
    "spark.executor.instances": 1,
    "spark.executor.memory": "2g",
    "spark.executor.memoryOverhead": "2g",
    "spark.executor.cores": 1,
    "spark.executor.resource.gpu.amount": 0,
    "spark.driver.memory": "1g",
    "spark.driver.memoryOverhead": "1g",
}


@dataclass
class Submitting:
    """A config and the cluster that it is submitted to."""

    cluster: PretendedCluster
    config: Path
    output: str
    base: str
    patch: pytest.MonkeyPatch
    reports: Path = field(default_factory=Path)

    def submit(self, *more: str) -> int:
        """Run `emr submit`; time passes on the cluster whenever the command waits."""
        return main(
            [
                *("emr", "submit", self.cluster.id, "--config", str(self.config)),
                *("--report", str(self.reports), *more),
            ]
        )

    def record(self, index: int = -1) -> dict[str, Any]:
        """A run's; by default the last."""
        return read_run(RunPlace(self.output, list_runs(self.output)[index]))


def submitting(
    s3: str, tmp_path: Path, patch: pytest.MonkeyPatch, at_once: int = 1, **changes: Any
) -> Submitting:
    """A cluster and a config of their own."""
    base = f"{s3}/{uuid.uuid4().hex}"
    source = files.join(base, "input", "table.csv")
    files.write_bytes(source, b"y,a\n1,2\n")
    whole = {
        "name": "small",
        "output": files.join(base, "output"),
        "source": {"kind": "csv", "uri": source},
        "columns": {"label": "y"},
        **changes,
    }
    config = tmp_path / "job.yaml"
    config.write_text(yaml.safe_dump(whole))
    logs = files.join(base, "logs")
    made = artifacts()
    record = ClusterRecord(cluster(), type(made)(**{**vars(made), "logs": logs}), base)
    pretended = PretendedCluster(record, at_once)
    patch.delenv("EMR_ENSEMBLES_DATE", raising=False)
    # The whole package takes a second to be packed and put; tests of submissions do so.
    patch.setattr(submit_command, "own_code", lambda: Code(b"zip", {"boost.py": b"1"}))
    # The terminal's handler would keep the stderr of the first test.
    patch.setattr(submit_command, "set_up_logging", _let_pass)
    patch.setattr(arguments, "Emr", lambda region: Emr(region, sleep=pretended.sleep))
    return Submitting(pretended, config, whole["output"], base, patch, tmp_path / "report")


def config_file(tmp_path: Path, **changes: object) -> str:
    """A config whose places are on S3, of which nothing is asked."""
    whole = {
        "name": "small",
        "output": "s3://bucket/out/${date}",
        "source": {"kind": "csv", "uri": "s3://bucket/${date}.csv"},
        "columns": {"label": "y"},
        **changes,
    }
    file = tmp_path / "job.yaml"
    file.write_text(yaml.safe_dump(whole))
    return str(file)

"""A DAG of EMR, run in Airflow's own environment against what a test's process has of AWS."""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from pipeline import files
from tests.airflow.acting import Acting
from tests.emr.clusters.samples import content
from tests.emr.lossy import Lossy, lossy
from tests.emr.running.fake_environment import packed

ROOT = Path(__file__).resolve().parents[2]
AIRFLOW = ROOT / ".venv-airflow" / "bin" / "airflow"
PYTHON = AIRFLOW.parent / "python"
RUN = Path(__file__).resolve().parent / "dag_run.py"

DATE = "2026-11-21"
_FOREIGN = ("AIRFLOW", "EMR_ENSEMBLES", "PYTEST")


@dataclass(frozen=True)
class DagRun:
    """How a DAG run ended.

    Attributes
    ----------
    code : int
        Of the process; negative where a signal ended it.
    said : str
        All that Airflow said.
    """

    code: int
    said: str

    @property
    def told(self) -> dict[str, Any]:
        """What the program tells of the run."""
        found: dict[str, Any] = json.loads(self.said.rpartition("\nANSWER")[2])
        return found

    @property
    def state(self) -> str:
        """The run's."""
        return str(self.told["state"])

    @property
    def tasks(self) -> dict[str, str]:
        """By task, its state."""
        return dict(self.told["tasks"])

    @property
    def mapped(self) -> dict[str, dict[str, str]]:
        """By mapped task and the name of each, its state."""
        return dict(self.told["mapped"])

    @property
    def events(self) -> dict[str, list[dict[str, Any]]]:
        """By asset, what the run has told of it."""
        return dict(self.told["events"])

    @property
    def tries(self) -> dict[str, int]:
        """By task, how often it was tried."""
        return dict(self.told["tries"])


@dataclass
class OnEmr:
    """What a test has: a bucket, a config, a cluster file, an Airflow home with its database.

    Attributes
    ----------
    processes : list of Popen
        The runs, the last one last.
    """

    home: Path
    directory: Path
    base: str
    conf: dict[str, Any]
    acting: Acting
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    def environment(self, **more: str) -> dict[str, str]:
        """That of Airflow's processes."""
        own = {name: each for name, each in os.environ.items() if not name.startswith(_FOREIGN)}
        return {
            **own,
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "infra" / "airflow" / "dags"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "EMR_ENSEMBLES_POLL_SECONDS": "1",
            **more,
        }

    def run(
        self, dag: str, date: str = DATE, conf: Mapping[str, Any] | None = None, **more: str
    ) -> DagRun:
        """Run a DAG to its end, with retries at once."""
        given = json.dumps({**self.conf, **(conf or {})})
        return self.process([str(PYTHON), str(RUN), dag, date, given], **more)

    def process(self, command: list[str], **more: str) -> DagRun:
        """Run a program of Airflow's environment to its end."""
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=self.environment(**more),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.processes.append(process)
        try:
            said, _ = process.communicate()
        finally:
            process.kill()  # does nothing to one that has ended
        return DagRun(process.returncode, said)


@contextmanager
def airflow_of(s3: str) -> Iterator[Lossy]:
    """Moto's EMR behind a proxy, for this process and for Airflow's; S3 is reached without it."""
    assert s3
    with lossy(os.environ["AWS_ENDPOINT_URL"]) as proxy, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_EMR", proxy.url)
        yield proxy


def on_emr(
    proxy: Lossy,
    s3: str,
    home: Path,
    directory: Path,
    *,
    works: bool = True,
    target: str = "gpu",
    **cluster: Any,
) -> OnEmr:
    """All of it, with a table for a date.

    Parameters
    ----------
    proxy : Lossy
        In front of moto's EMR.
    s3 : str
        A bucket.
    home, directory : Path
        Airflow's, and one for the test's files.
    works : bool
        Whether clusters pretend to do their steps.
    target : str
        Of the nodes' environment.
    **cluster
        What the cluster file has besides.
    """
    name = f"dag{uuid.uuid4().hex[:8]}"
    base = f"{s3}/{name}"
    files.write_bytes(f"{base}/input/{DATE}.csv", b"y,a\n1,2\n")
    config = directory / "job.yaml"
    job = {
        "name": "small",
        "output": "unused",
        "source": {"kind": "csv", "uri": f"{base}/input/${{date}}.csv"},
        "columns": {"label": "y"},
    }
    config.write_text(yaml.safe_dump(job))
    subnet = boto3.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    file = directory / "cluster.yaml"
    file.write_text(yaml.safe_dump(content(name=name, subnets=[subnet], **cluster)))
    conf = {
        "config": str(config),
        "output": f"{base}/output",
        "registry": None,
        "cluster": str(file),
        "base": base,
        "environment": str(packed(directory, target).path),
    }
    return OnEmr(home, directory, base, conf, Acting(proxy, base, name, works=works))

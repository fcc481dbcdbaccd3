"""What moto's EMR lacks: a cluster that really does its steps, on the tests' Hadoop.

Takes the steps of moto's clusters in order, runs the `spark-submit` of each on YARN, sets its state
as EMR would, and brings logs to where EMR brings them. Only the nodes' interpreter is another one.
"""

from __future__ import annotations

import datetime
import gzip
import re
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from moto.emr.models import emr_backends

from pipeline import files
from pipeline.cli.rehearsal.environment import submitting
from pipeline.local.hadoop.logs import fetch_logs
from pipeline.local.hadoop.state import HadoopState

ACCOUNT = "123456789012"
_PYTHON = re.compile(r"/opt/emr-ensembles/env/[^/]+/bin/python")
_APPLICATION = re.compile(r"application_\d+_\d+")
_CONTAINER = re.compile(r"^Container: (container_\S+) on ", re.MULTILINE)
_LOG = re.compile(r"^LogType:(\w+)\n.*?^LogContents:\n(.*?)^End of LogType:", re.M | re.S)


class StepRunner:
    """Runs steps for as long as it is entered.

    Parameters
    ----------
    hadoop : HadoopState
        Where they run.
    directory : Path
        For logs.
    region : str
        Whose clusters.
    """

    def __init__(self, hadoop: HadoopState, directory: Path, region: str = "us-east-1") -> None:
        self._hadoop = hadoop
        self._directory = directory
        self._region = region
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self.problem: BaseException | None = None

    def __enter__(self) -> StepRunner:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(60)
        if self.problem is not None:
            raise self.problem

    def _work(self) -> None:
        try:
            while not self._ended.wait(0.2):
                for cluster in list(emr_backends[ACCOUNT][self._region].clusters.values()):
                    self._one(cluster)
        except BaseException as error:  # noqa: BLE001 - raised where the test waits
            self.problem = error

    def _one(self, cluster: Any) -> None:
        """Run the first step that is not done."""
        waiting = [step for step in cluster.steps if step.state in ("RUNNING", "PENDING")]
        if not waiting or cluster.state.startswith("TERMINAT"):
            return
        step = waiting[0]
        step.state = "RUNNING"
        step.start()
        code = self._run(cluster, step)
        step.end_date_time = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
        step.state = "COMPLETED" if code == 0 else "FAILED"
        if code and step.action_on_failure == "CANCEL_AND_WAIT":
            for other in waiting[1:]:
                other.state = "CANCELLED"

    def _run(self, cluster: Any, step: Any) -> int:
        command = [_PYTHON.sub(self._hadoop.python, each) for each in step.args]
        command[0] = f"{self._hadoop.spark_home}/bin/spark-submit"
        config = command[command.index("--config") + 1]
        said = self._directory / f"{step.id}.log"
        submission = submitting(self._hadoop, config, command, on_s3=True)
        with submission as environment, said.open("wb") as log:
            process = subprocess.Popen(
                command, env=environment, stdout=log, stderr=subprocess.STDOUT
            )
            while process.poll() is None:
                if self._ended.wait(0.2):
                    process.terminate()
        self._bring_logs(f"{cluster.log_uri.rstrip('/')}/{cluster.id}", step, said.read_text())
        return process.returncode

    def _bring_logs(self, place: str, step: Any, said: str) -> None:
        _put(f"{place}/steps/{step.id}/stderr.gz", said)
        found = _APPLICATION.search(said)
        if found is None:
            return
        target = self._directory / f"{step.id}.containers.log"
        fetch_logs(self._hadoop, found[0], target)
        if target.exists():
            for container, kind, text in _logs_in(target.read_text()):
                _put(f"{place}/containers/{found[0]}/{container}/{kind}.gz", text)


def _logs_in(text: str) -> Iterator[tuple[str, str, str]]:
    """Container, kind and content of each log, as YARN's client writes them one after the other."""
    starts = [*_CONTAINER.finditer(text)]
    ends = [*(each.start() for each in starts[1:]), len(text)]
    for start, end in zip(starts, ends, strict=True):
        for kind, content in _LOG.findall(text[start.end() : end]):
            yield start[1], kind, content


def _put(uri: str, text: str) -> None:
    files.write_bytes(uri, gzip.compress(text.encode()))

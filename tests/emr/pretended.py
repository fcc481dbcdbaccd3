"""A cluster that does its steps: moto keeps them, and never moves one on.

It moves while its client waits: each call of `sleep` is a moment of its life, so no test waits.
"""

from __future__ import annotations

import datetime
import gzip
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any
from unittest import mock

import boto3
from moto.emr.models import emr_backends

from pipeline import files
from pipeline.cli.job_config import FREE_KEYS, JobConfig
from pipeline.cli.runs import inputs
from pipeline.cli.runs.outcome import SUCCESS, explain
from pipeline.config import DATE_VARIABLE, load
from pipeline.emr.clusters.request import CLUSTER_TAG, RECORD_TAG
from pipeline.emr.running.record import ClusterRecord, record_uri, write_record
from pipeline.emr.steps import tags_in, variable_in
from pipeline.store import runs
from pipeline.store.installed import installed
from pipeline.store.runs import RunPlace
from tests.cli.runs.made import make

ACCOUNT, REGION = "123456789012", "us-east-1"


class PretendedCluster:
    """A cluster of moto's, made from a record.

    Parameters
    ----------
    record : ClusterRecord
        What it is made from; is written.
    at_once : int
        How many steps run at once.

    Attributes
    ----------
    fails : dict of str to BaseException
        Jobs that fail by this, as their record says.
    dies : dict of str to callable
        Jobs that fail without a word; the function gets the step's id.
    before : list of callable
        Called one by one, each at one moment of waiting, before the cluster moves.
    moves : int
        How often it has moved.
    versions : dict of str to str
        The libraries on its nodes, which are not those of the client.
    """

    def __init__(self, record: ClusterRecord, at_once: int = 1) -> None:
        name = f"emr-ensembles-{record.settings.name}-0123456789ab"
        uri = record_uri(record.base, name)
        write_record(record, uri)
        self.record = record
        self.name = name
        self.fails: dict[str, BaseException] = {}
        self.dies: dict[str, Callable[[str], None]] = {}
        self.before: list[Callable[[], None]] = []
        self.moves = 0
        self.versions = {**installed(), "python": "3.11.99"}
        self.id = str(
            boto3.client("emr").run_job_flow(
                Name=name,
                ReleaseLabel=record.settings.release,
                Instances={"KeepJobFlowAliveWhenNoSteps": True},
                JobFlowRole="instances",
                ServiceRole="service",
                LogUri=record.artifacts.logs,
                StepConcurrencyLevel=at_once,
                Tags=[{"Key": CLUSTER_TAG, "Value": name}, {"Key": RECORD_TAG, "Value": uri}],
            )["JobFlowId"]
        )

    @property
    def fake(self) -> Any:
        """Moto's own."""
        return emr_backends[ACCOUNT][REGION].clusters[self.id]

    @property
    def steps(self) -> list[Any]:
        """Moto's own, in the order in which they were added."""
        return list(self.fake.steps)

    @property
    def states(self) -> list[tuple[str, str]]:
        """Job and state of each step."""
        return [(job_of(step), step.state) for step in self.steps]

    def sleep(self, _: float) -> None:
        """A moment: starts a step that waits, or ends those that run."""
        if self.before:
            self.before.pop(0)()
        self.moves += 1
        running = [step for step in self.steps if step.state == "RUNNING"]
        for step in running:
            if step.start_date_time is None:
                step.start()  # moto lets the first run without
            else:
                self._end(step)
        running = [step for step in self.steps if step.state == "RUNNING"]
        waiting = [step for step in self.steps if step.state == "PENDING"]
        for step in waiting[: self.fake.step_concurrency_level - len(running)]:
            step.state = "RUNNING"
            step.start()

    def die(self, message: str) -> None:
        """End with errors, and all steps with it."""
        self.fake.state = "TERMINATED_WITH_ERRORS"
        self.fake.last_state_change_reason = message
        for step in self.steps:
            if step.state in ("PENDING", "RUNNING"):
                step.state = "CANCELLED"

    def put_log(self, text: str, *parts: str) -> str:
        """Put a packed log where EMR brings it; its URI."""
        uri = files.join(self.record.artifacts.logs, self.id, *parts)
        files.write_bytes(uri, gzip.compress(text.encode()))
        return uri

    def _end(self, step: Any) -> None:
        job = job_of(step)
        step.end_date_time = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
        if job in self.dies:
            step.state = "FAILED"
            self.dies[job](step.id)
        else:
            step.state = "COMPLETED" if self._works(job, step.args) else "FAILED"
        if step.state == "FAILED" and step.action_on_failure == "CANCEL_AND_WAIT":
            for other in self.steps:
                if other.state == "PENDING":
                    other.state = "CANCELLED"

    def _works(self, job: str, arguments: Sequence[str]) -> bool:
        """Do what the job would do, and leave the record that it would leave."""
        config = config_in(arguments)
        error = self.fails.get(job)
        if error is None:
            with mock.patch.object(inputs, "installed", return_value=self.versions):
                make(job, config)
        outcome = SUCCESS if error is None else explain(error)
        part = {
            "outcome": outcome.name,
            "exit_code": outcome.exit_code,
            "error": outcome.message or None,
            "started": runs.now(),
            "python": self.record.artifacts.python,
            "versions": self.versions,
        }
        runs.note_job(RunPlace(config.output, argument(arguments, "--run-id")), job, part)
        return error is None


def job_of(step: Any) -> str:
    """Which job a step of moto's runs."""
    return tags_in(step.args)[2]


def config_in(arguments: Sequence[str]) -> JobConfig:
    """The config as the driver reads it."""
    pairs = list(pairwise(arguments))
    overrides = [value for flag, value in pairs if flag == "--set"]
    day = datetime.date.fromisoformat(variable_in(arguments, DATE_VARIABLE))
    return load(JobConfig, argument(arguments, "--config"), overrides, FREE_KEYS, day)


def argument(arguments: Sequence[str], flag: str) -> str:
    """What follows upon a flag."""
    return arguments[list(arguments).index(flag) + 1]

"""The jobs of a config as steps of a cluster: for the command, and for Airflow."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pipeline.cli.emr.requested import Request, own_code, planned
from pipeline.cli.job_config import JobConfig
from pipeline.cli.plan.asked import jobs_of
from pipeline.cli.plan.plan import Plan
from pipeline.config import DATE_VARIABLE
from pipeline.emr.running.job_steps import submission_tags
from pipeline.emr.running.record import ClusterRecord
from pipeline.emr.staging import Code, config_uri, stage_config
from pipeline.emr.steps import Places, api_step, step_arguments
from pipeline.store.runs import RunPlace


@dataclass(frozen=True)
class Submission:
    """One run of the jobs, as steps of one cluster.

    Parameters
    ----------
    config : JobConfig
        The jobs' configuration.
    request : Request
        What was asked for.
    plan : Plan
        The containers of each job, and which run side by side.
    code : Code
        What steps run.
    record : ClusterRecord
        What the cluster was created from.
    run_id, date, key : str
        The run's name; what `${date}` is in all jobs; the same for whoever asks for the same.
    """

    config: JobConfig
    request: Request
    plan: Plan
    code: Code
    record: ClusterRecord
    run_id: str
    date: str
    key: str

    @property
    def place(self) -> RunPlace:
        """Where the run is recorded."""
        return RunPlace(self.config.output, self.run_id)

    @property
    def is_one_by_one(self) -> bool:
        """Whether the cluster runs one step at a time, in the order in which they are added."""
        return self.plan.cluster.step_concurrency == 1

    @property
    def batches(self) -> list[list[str]]:
        """Jobs whose steps are added at once; the next when all of them are done."""
        return [list(self.request.jobs)] if self.is_one_by_one else self.plan.groups

    @cached_property
    def places(self) -> Places:
        """Where code, config and interpreter lie: the config as it was when it was first asked."""
        zipped, entry_points = self.code.uris(self.record.staging)
        named = {name: os.environ[name] for name in self.plan.variables}
        return Places(
            code=zipped,
            entry_points=entry_points,
            config=config_uri(self.request.file, self.record.staging),
            python=self.record.artifacts.python,
            environment={**named, DATE_VARIABLE: self.date},
        )

    def stage(self) -> None:
        """Put code and config where the nodes read them.

        Raises
        ------
        StoreError
            When something cannot be written.
        """
        self.code.put(self.record.staging)
        stage_config(self.request.file, self.record.staging)

    def require_short(self) -> None:
        """Refuse steps whose arguments are longer than EMR takes.

        Raises
        ------
        UserError
            For the first of them.
        """
        for job in self.request.jobs:
            self.step(job)

    def step(self, job: str, arguments: Sequence[str] = ()) -> dict[str, Any]:
        """A job as EMR's API takes it.

        Parameters
        ----------
        job : str
            Its name.
        arguments : sequence of str
            Its further arguments.

        Raises
        ------
        UserError
            When its arguments are too long.
        """
        sets = [part for item in self.request.overrides for part in ("--set", item)]
        fresh = ["--fresh"] if self.request.fresh and job == "score" else []
        command = step_arguments(
            job,
            self.places,
            self.plan.layout,
            name=self.config.name,
            run_id=self.run_id,
            settings=self.config.spark_settings,
            arguments=[*sets, *fresh, *arguments],
            further_tags=submission_tags(self.config.output, self.key),
        )
        on_failure = "CANCEL_AND_WAIT" if self.is_one_by_one else "CONTINUE"
        return api_step(f"{self.config.name} {job} {self.run_id}", command, on_failure)


def submission(
    record: ClusterRecord,
    file: str,
    *,
    run_id: str,
    date: str,
    jobs: Sequence[str] = (),
    overrides: Sequence[str] = (),
    fresh: bool = False,
) -> Submission:
    """The jobs of a config as steps of a cluster, running or not; code and config are staged.

    Parameters
    ----------
    record : ClusterRecord
        What the cluster was, or will be, created from.
    file : str
        The config, or its URI.
    run_id, date : str
        Name the run, and what `${date}` is in all jobs; the same again when it is tried again.
    jobs, overrides : sequence of str
        As of the command.
    fresh : bool
        As of the command.

    Raises
    ------
    UserError
        With every reason why it would fail.
    StoreError
        When something cannot be read or written.
    """
    wanted = tuple(jobs) or jobs_of(record.settings)
    request = Request(file, tuple(overrides), wanted, fresh)
    loaded = request.read(date)
    found = planned(request, loaded, record.settings, record.settings.step_concurrency)
    code = own_code()
    made = Submission(
        loaded.value, request, found, code, record, run_id=run_id, date=date, key=request.key(code)
    )
    made.require_short()
    made.stage()
    return made

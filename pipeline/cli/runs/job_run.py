"""A job that leaves a record: its part of `run.json`, its log file, its events, however it ends."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict
from typing import Any

from pipeline import files, progress
from pipeline.cli.job_config import FREE_KEYS, JobConfig
from pipeline.cli.runs.logs import log_file, log_path
from pipeline.cli.runs.outcome import SUCCESS, explain
from pipeline.cli.runs.yarn_attempt import yarn_attempt
from pipeline.config import redacted, shown
from pipeline.errors import EnsemblesError
from pipeline.store import runs
from pipeline.store.installed import installed, lock_hashes
from pipeline.store.owner import owner
from pipeline.store.runs import RunPlace

logger = logging.getLogger(__name__)


class JobRun:
    """One job of a run; a context manager around all that the job does.

    Parameters
    ----------
    job : str
        The job's name.
    config : JobConfig
        Its configuration.
    run_id : str, optional
        The run that it is a part of; without it the job is a run of its own.
    given : mapping
        The arguments that the job was called with.

    Raises
    ------
    AccessError
        On entering: when nothing can be written below the output URI, or the scratch URI.
    FailedBeforeError
        On entering: when YARN starts anew what has failed.
    """

    def __init__(
        self, job: str, config: JobConfig, run_id: str | None, given: Mapping[str, Any]
    ) -> None:
        self._job = job
        self._config = config
        self._given = recorded_arguments(given)
        self._attempt = yarn_attempt()
        self._place = RunPlace(config.output, runs.require_run_id(run_id or self._new_run_id()))
        self._log = log_path(self._place, job)
        self._part: dict[str, Any] = {}
        self._began = 0.0
        self._stack = ExitStack()

    @property
    def run_id(self) -> str:
        """The run's name."""
        return self._place.run_id

    def __enter__(self) -> JobRun:
        files.require_writable(self._config.output, "output")
        if self._config.scratch is not None:
            files.require_writable(self._config.scratch, "scratch")
        if self._attempt is not None:
            self._attempt.require_needed(runs.read_job(self._place, self._job))
        runs.begin(self._place, {"of": "jobs", **run_facts(self._config, self._given)})
        self._began = time.monotonic()
        self._part = {
            "outcome": "running",
            "exit_code": None,
            "started": runs.now(),
            "owner": owner(),
            "log": self._kept_log,
            "python": sys.executable,
            "versions": installed(),
            **({} if self._attempt is None else asdict(self._attempt)),
        }
        runs.note_job(self._place, self._job, self._part)
        events = progress.EventFile(self._place.job_uri(self._job, "events.jsonl"))
        self._stack.enter_context(log_file(self._log))
        self._stack.enter_context(progress.reporting(*progress.default_sinks(), events))
        logger.debug("job %s of run %s: %s", self._job, self.run_id, self._given)
        return self

    @property
    def is_done(self) -> bool:
        """Whether an earlier attempt of YARN's at this application has done the job."""
        if self._attempt is None:
            return False
        return self._attempt.is_done(runs.read_job(self._place, self._job))

    def note(self, **facts: Any) -> None:
        """Add to this job's part of the record; it is written when the job ends."""
        self._part.update(facts)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        outcome = SUCCESS if error is None else explain(error)
        if error is not None:
            logger.debug("%s ended with exit code %d", self._job, outcome.exit_code, exc_info=error)
            error.add_note(f"full log: {self._kept_log}")
        self._stack.close()
        self._part.update(
            outcome=outcome.name,
            exit_code=outcome.exit_code,
            error=outcome.message or None,
            ended=runs.now(),
            seconds=round(time.monotonic() - self._began, 3),
        )
        self._keep_log()
        try:
            runs.note_job(self._place, self._job, self._part)
        except EnsemblesError as failure:  # what the job did, or why it failed, matters more
            logger.warning("the record of run %s was not written: %s", self.run_id, failure)

    def _new_run_id(self) -> str:
        """All attempts at one application are one run."""
        return runs.new_run_id() if self._attempt is None else self._attempt.application

    @property
    def _kept_log(self) -> str:
        """Where the log is when the job has ended."""
        if files.is_local(self._place.output):
            return str(self._log)
        return files.join(self._place.uri, "logs", self._log.name)

    def _keep_log(self) -> None:
        if files.is_local(self._place.output):
            return
        try:
            files.upload(self._log, self._kept_log)
        except EnsemblesError as failure:
            logger.warning("the log stays on this machine, %s: %s", self._log, failure)


def recorded_arguments(given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a command that were given, without secrets."""
    found = {key: value for key, value in given.items() if value and not callable(value)}
    if "overrides" in found:
        found["overrides"] = [shown(item, FREE_KEYS) for item in found["overrides"]]
    return found


def run_facts(config: JobConfig, given: Mapping[str, Any]) -> dict[str, Any]:
    """What the record of a run says of its beginning."""
    return {
        "name": config.name,
        "arguments": dict(given),
        "config": redacted(config.model_dump(mode="json", exclude_none=True)),
        "versions": installed(),
        "locks": lock_hashes(),
    }

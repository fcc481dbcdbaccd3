"""One step on YARN: submitted, watched, its outcome found out."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.cli.runs.outcome import INTERRUPTED, TERMINATED
from pipeline.cli.runs.submit import run_spark_submit
from pipeline.emr import yarn
from pipeline.emr.yarn import Application
from pipeline.errors import EnsemblesError
from pipeline.spark.java_text import paragraph
from pipeline.spark.memory_kills import killed_for_memory
from pipeline.store import runs
from pipeline.store.runs import RunPlace

logger = logging.getLogger(__name__)

_POLL_S = 1.0


@dataclass(frozen=True)
class Client:
    """Submits the steps of one run.

    Parameters
    ----------
    webapp : str
        The ResourceManager's page.
    environment : mapping of str to str
        The whole environment of spark-submit.
    place : RunPlace
        Where the run is recorded.
    logs : Path
        Where spark-submit's own logs go.
    """

    webapp: str
    environment: Mapping[str, str]
    place: RunPlace
    logs: Path

    def run(self, job: str, command: Sequence[str]) -> int:
        """Run a step to its end; returns the job's exit code, which YARN itself swallows."""
        ended = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(job, ended), daemon=True)
        watcher.start()
        try:
            code = run_spark_submit(
                command,
                environment=self.environment,
                spark_log=self.logs / f"{job}.spark.log",
                output=self._said_by(job),
            )
        finally:
            ended.set()
            watcher.join()
        if code in (INTERRUPTED, TERMINATED):
            self.kill(job)
            return code
        return self._exit_code(job, code)

    def kill(self, job: str | None = None) -> None:
        """End the applications of the run, or of one of its jobs, that have not ended."""
        for application in self._applications(job):
            if application.final_status == "UNDEFINED":
                logger.info("ending %s", application.id)
                yarn.kill(self.webapp, application.id)

    def _exit_code(self, job: str, code: int) -> int:
        found = self._applications(job)
        if not found:
            said = self._said_by(job).read_text(encoding="utf-8", errors="replace")
            logger.error(
                "%s: spark-submit ended before YARN knew of it: %s",
                job,
                paragraph(said) or "no word",
            )
            return code or 1
        application = found[-1]
        if application.final_status == "SUCCEEDED":
            return 0
        part = runs.read_run(self.place)["jobs"].get(job, {})
        if part.get("outcome") == "failed" and part.get("exit_code"):
            logger.error("%s: %s", job, part.get("error"))
            return int(part["exit_code"])
        said = application.diagnostics.strip() or "YARN says no more"
        reason = killed_for_memory(said) or said
        logger.error("%s: %s ended %s: %s", job, application.id, application.final_status, reason)
        return code or 1

    def _said_by(self, job: str) -> Path:
        return self.logs / f"{job}.submit.log"

    def _applications(self, job: str | None) -> list[Application]:
        found = yarn.applications(self.webapp, self.place.run_id)
        return [each for each in found if job is None or job in each.tags]

    def _watch(self, job: str, ended: threading.Event) -> None:
        """Say what becomes of the application, as it changes."""
        told = ""
        while not ended.wait(_POLL_S):
            try:
                found = self._applications(job)
            except EnsemblesError as error:
                logger.debug("%s", error)
                continue
            text = f"{found[-1].id} {found[-1].state.lower()}" if found else ""
            if text != told:
                told = text
                logger.info("%s: %s", job, text)

"""One step on YARN: submitted, watched, its outcome found out."""

from __future__ import annotations

import logging
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.cli.runs.outcome import INTERRUPTED, TERMINATED
from pipeline.cli.runs.submit import end, run_spark_submit
from pipeline.emr import yarn
from pipeline.emr.steps import output_tag
from pipeline.emr.yarn import Application
from pipeline.errors import EnsemblesError, UserError
from pipeline.local.hadoop.logs import fetch_logs
from pipeline.local.hadoop.state import HadoopState
from pipeline.spark.causes import GONE
from pipeline.spark.java_text import paragraph
from pipeline.spark.memory_kills import killed_for_memory
from pipeline.store import runs
from pipeline.store.runs import RunPlace

logger = logging.getLogger(__name__)

_POLL_S = 1.0
_END_S = 60.0


@dataclass(frozen=True)
class Client:
    """Submits the steps of one run.

    Parameters
    ----------
    hadoop : HadoopState
        The cluster.
    environment : mapping of str to str
        The whole environment of spark-submit.
    place : RunPlace
        Where the run is recorded.
    logs : Path
        Where spark-submit's own logs go, and those of applications that fail.
    """

    hadoop: HadoopState
    environment: Mapping[str, str]
    place: RunPlace
    logs: Path
    _processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)

    @property
    def output_tag(self) -> str:
        """By which applications that write to this run's output are found."""
        return output_tag(self.place.output)

    def require_alone(self) -> None:
        """Refuse to write where an application still writes, whose client may have died.

        Raises
        ------
        UserError
            With the application, and how to end it.
        """
        found = yarn.applications(self.hadoop.webapp, self.output_tag)
        left = [each for each in found if not each.has_ended]
        if left:
            raise UserError(
                f"{self.place.output}: {left[0].id} ({left[0].name}) still writes there; wait for "
                f"it, or end it on {self.hadoop.webapp}/cluster/app/{left[0].id}"
            )

    def run(self, job: str, command: Sequence[str]) -> int:
        """Run a step to its end; returns the job's exit code, which YARN itself swallows."""
        if self._ended.is_set():
            return TERMINATED
        done = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(job, done), daemon=True)
        watcher.start()
        try:
            code = run_spark_submit(
                command,
                environment=self.environment,
                spark_log=self.logs / f"{job}.spark.log",
                output=self._said_by(job),
                started=self._processes.append,
            )
        finally:
            done.set()
            watcher.join()
        if self._ended.is_set():
            return TERMINATED
        if code in (INTERRUPTED, TERMINATED):
            self._kill(job)
            return code
        return self._exit_code(job, code)

    def end(self) -> None:
        """End everything of this run, and start nothing more."""
        self._ended.set()
        for process in list(self._processes):
            end(process)
        self._kill(None)

    def _kill(self, job: str | None) -> None:
        """End the applications of the run, or of one job, until YARN says that all have ended."""
        until = time.monotonic() + _END_S
        while time.monotonic() < until:
            try:
                left = [each for each in self._applications(job) if not each.has_ended]
                if not left:
                    return
                for application in left:
                    logger.info("ending %s", application.id)
                    yarn.kill(self.hadoop.webapp, application.id)
            except EnsemblesError as error:  # the interrupt matters more
                logger.warning("applications of %s may go on: %s", self.place.run_id, error)
                return
            time.sleep(_POLL_S)

    def _exit_code(self, job: str, code: int) -> int:
        found = self._applications(job)
        if not found:
            said = paragraph(self._said_by(job).read_text(encoding="utf-8", errors="replace"))
            logger.error(
                "%s: spark-submit ended before YARN knew of it: %s", job, said or "without a word"
            )
            return code or 1
        application = found[-1]
        if application.final_status == "SUCCEEDED":
            return 0
        if not application.has_ended:
            logger.error("%s: spark-submit died (exit code %d); ending what it began", job, code)
            self._kill(job)
            return code or 1
        part = runs.read_run(self.place)["jobs"].get(job, {})
        if part.get("outcome") == "failed" and part.get("exit_code"):
            logger.error("%s: %s", job, part.get("error"))
            if GONE in str(part.get("error")):
                self._explain(job, application)
            return int(part["exit_code"])
        self._explain(job, application)
        return code or 1

    def _explain(self, job: str, application: Application) -> None:
        """Say why an application failed that could not say so itself."""
        said = application.diagnostics.strip()
        log = self.logs / f"{job}.containers.log"
        last = fetch_logs(self.hadoop, application.id, log)
        reason = killed_for_memory(said) or last or paragraph(said) or "YARN says no more"
        logger.error("%s: %s ended %s: %s", job, application.id, application.final_status, reason)
        if log.exists():
            logger.error("%s: logs of its containers: %s", job, log)

    def _said_by(self, job: str) -> Path:
        return self.logs / f"{job}.submit.log"

    def _applications(self, job: str | None) -> list[Application]:
        found = yarn.applications(self.hadoop.webapp, self.place.run_id)
        return [each for each in found if job is None or job in each.tags]

    def _watch(self, job: str, done: threading.Event) -> None:
        """Say what becomes of the application, as it changes."""
        told = ""
        while not done.wait(_POLL_S):
            try:
                found = self._applications(job)
            except EnsemblesError as error:
                logger.debug("%s", error)
                continue
            text = f"{found[-1].id} {found[-1].state.lower()}" if found else ""
            if text != told:
                told = text
                logger.info("%s: %s", job, text)

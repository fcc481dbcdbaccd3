"""What becomes of steps, said as it changes, and now and then how far a job is."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping

from pipeline import files, progress
from pipeline.cli.emr.failed_step import told_by
from pipeline.emr.running.states import Cluster, Step
from pipeline.emr.running.step_watch import run_time
from pipeline.errors import EnsemblesError
from pipeline.progress.steps import amount, metrics_text
from pipeline.store import runs
from pipeline.store.runs import RunPlace

logger = logging.getLogger(__name__)

_TAIL = 8_192
_SAID_EVERY = 6  # looks, of 20 seconds each


class StepProgress:
    """Tells of the steps of one run, in lines of the log.

    Parameters
    ----------
    place : RunPlace
        Where the run is recorded.
    """

    def __init__(self, place: RunPlace) -> None:
        self._place = place
        self._states: dict[str, str] = {}
        self._looks = 0

    def tell(self, cluster: Cluster, steps: Mapping[str, Step]) -> None:
        """Say what has changed since the last time.

        Parameters
        ----------
        cluster : Cluster
            The cluster.
        steps : mapping of str to Step
            By their jobs.
        """
        self._looks += 1
        if self._is_new(cluster.id, cluster.state) and not cluster.is_up:
            logger.info("cluster %s is %s", cluster.id, cluster.state.lower())
        for job, step in steps.items():
            if self._is_new(step.id, step.state):
                self._told_change(job, step)
            elif step.state == "RUNNING" and self._looks % _SAID_EVERY == 0:
                logger.info("%s: running for %s%s", job, run_time(step), self._how_far(job))

    def _is_new(self, what: str, state: str) -> bool:
        before, self._states[what] = self._states.get(what), state
        return before != state

    def _told_change(self, job: str, step: Step) -> None:
        after = run_time(step)
        so_far = f" after {after}" if after and step.state != "RUNNING" else ""
        logger.info("%s: step %s is %s%s", job, step.id, step.state.lower(), so_far)
        if step.state == "FAILED":
            try:
                told = told_by(runs.read_job(self._place, job))
            except EnsemblesError as error:
                logger.debug("%s", error)
                return
            if told:  # what runs beside it may take long
                logger.info("%s: %s", job, told)

    def _how_far(self, job: str) -> str:
        """What the job's own events say; empty while there are none."""
        try:
            end = files.read_tail(self._place.job_uri(job, "events.jsonl"), _TAIL)
            last = progress.Step(**json.loads(end.decode().strip().rpartition("\n")[2]))
        except (FileNotFoundError, EnsemblesError, ValueError, TypeError) as error:
            logger.debug("%s: %s", job, error)
            return ""
        known = {name: value for name, value in last.metrics.items() if value is not None}
        said = f"{last.task}: {amount(last.number, last.total, last.unit)}"
        return f", {said}{f', {metrics_text(known)}' if known else ''}"

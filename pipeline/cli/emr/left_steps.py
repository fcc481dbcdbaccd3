"""What a command that submits leaves behind when it ends before its steps: told, never silent."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pipeline.cli.emr.interrupts import state_when_interrupted, went_on
from pipeline.cli.runs.outcome import Terminated
from pipeline.emr.running.api import Emr
from pipeline.emr.running.job_steps import by_job, job_steps
from pipeline.emr.running.once import Heard
from pipeline.emr.running.states import Cluster, Step
from pipeline.errors import EnsemblesError

logger = logging.getLogger(__name__)

_LISTED_S = 20.0  # by then EMR lists what it has taken


@dataclass
class LeftSteps:
    """The steps of one run, as they were last seen.

    Parameters
    ----------
    emr : Emr
        Whom to ask.
    cluster_id : str
        Their cluster.
    steps : dict of str to Step
        By their jobs.
    heard : Heard
        Whether EMR may have heard of steps that are not known here.
    """

    emr: Emr
    cluster_id: str
    steps: dict[str, Step] = field(default_factory=dict)
    heard: Heard = field(default_factory=Heard)

    def forget(self) -> None:
        """After they were cancelled: nothing is left."""
        self.steps.clear()
        self.heard.maybe = False

    @contextmanager
    def told(self) -> Iterator[None]:
        """Whoever is interrupted, or fails, is told that steps go on, or may."""
        try:
            with state_when_interrupted(self._cluster, f"cluster {self.cluster_id}"):
                yield
        except (KeyboardInterrupt, Terminated):
            sys.stderr.write("".join(f"{line}\n" for line in self._lines()))
            raise
        except EnsemblesError as error:
            if not self.steps and not self.heard.maybe:
                raise
            raise went_on(error, "\n".join(self._lines())) from error

    def may_run(self, run_id: str, error: BaseException) -> bool:
        """Whether steps of a run are there, or may be, after the command that adds them failed."""
        if self.steps:
            return True
        if not self.heard.maybe:
            return False
        if not isinstance(error, EnsemblesError):
            return True  # whoever interrupts does not wait until EMR lists them
        try:
            self.emr.sleep(_LISTED_S)
            self.steps.update(by_job(job_steps(self.emr.steps(self.cluster_id)), run_id))
        except EnsemblesError as failure:
            logger.warning("whether run %s has steps is not known: %s", run_id, failure)
            return True
        return bool(self.steps)

    def _cluster(self) -> Cluster:
        return self.emr.cluster(self.cluster_id)

    def _lines(self) -> list[str]:
        ids = " ".join(step.id for step in self.steps.values() if step.is_unfinished)
        again = "the same command follows them again, and adds none twice"
        if not ids:
            maybe = f"whether its steps were added may not be known: if so, {again}"
            return [maybe] if self.heard.maybe else []
        return [
            f"its steps go on: {again}",
            f"to cancel them: aws emr cancel-steps --cluster-id {self.cluster_id} --step-ids {ids}",
            "what a step has begun on YARN ends only by yarn application -kill on the primary "
            "node, or with the cluster",
        ]

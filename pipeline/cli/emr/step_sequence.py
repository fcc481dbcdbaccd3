"""The steps of one run: which of them are added when, until all are done or one has failed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from pipeline.cli.emr.failed_step import LogPatience, explain, note_end
from pipeline.cli.emr.left_steps import LeftSteps
from pipeline.cli.emr.node_versions import node_versions
from pipeline.cli.emr.overtaken import require_first
from pipeline.cli.emr.step_progress import StepProgress
from pipeline.cli.emr.submission import Submission
from pipeline.cli.job_config import TRAINER_OF
from pipeline.cli.runs.inputs import Versions
from pipeline.cli.runs.resume import decide
from pipeline.cli.runs.sequence import note_kept
from pipeline.emr.running.adding import add_steps
from pipeline.emr.running.api import Emr
from pipeline.emr.running.failures import why_ended
from pipeline.emr.running.job_steps import by_job, job_steps, require_place
from pipeline.emr.running.states import Cluster, Step
from pipeline.emr.running.step_logs import ClusterLogs
from pipeline.emr.running.step_watch import watched
from pipeline.store import runs

logger = logging.getLogger(__name__)

_AFTER = {
    "prepare": (),
    **dict.fromkeys(TRAINER_OF, ("prepare",)),
    **dict.fromkeys(("score", "report"), ("prepare", *TRAINER_OF)),
}
"""What a job's output is made from: the jobs whose change it must follow."""


@dataclass(frozen=True)
class StepSequence:
    """The steps of a submission on its cluster.

    Parameters
    ----------
    emr : Emr
        EMR in the cluster's region.
    cluster : Cluster
        Where.
    submission : Submission
        What.
    log_minutes : float
        So long the logs of a step that failed are waited for.
    left : LeftSteps
        Is told of the steps, as soon as they may be there.
    """

    emr: Emr
    cluster: Cluster
    submission: Submission
    log_minutes: float
    left: LeftSteps

    def run(self, *, wait: bool) -> int:
        """Add what is missing and see it done; the exit code of the first job that fails, or 0.

        Parameters
        ----------
        wait : bool
            Whether to stay until the end; else those steps are added that can be.
        """
        for batch in self.submission.batches:
            steps = self._added(batch)
            if not wait and any(step.is_unfinished for step in steps.values()):
                self._tell_left(batch, steps)
                return 0
            code = self._followed(steps) if steps else 0
            if code:
                return code
        return 0

    def _added(self, batch: Sequence[str]) -> dict[str, Step]:
        """The steps of the batch's jobs, after those that are missing were added."""
        everything = self.emr.steps(self.cluster.id)
        there = by_job(job_steps(everything), self.submission.run_id)
        anew = [job for job, step in there.items() if step.is_unfinished]
        made = self.submission
        versions = cache(lambda: node_versions(made.config.output, made.record))
        missing = []
        for job in batch:
            if job not in there and self._must_run(job, anew, versions):
                anew.append(job)
                missing.append(job)
        require_place(everything, len(missing), self.cluster.id)
        added: dict[str, Step] = {}
        if missing:
            asked = [self.submission.step(job) for job in missing]
            new = add_steps(self.emr, self.cluster.id, asked, self.left.heard)
            added = dict(zip(missing, new, strict=True))
            self.left.steps.update(added)
            self.left.heard.maybe = False  # of these it is known
            require_first(self.emr, self.cluster.id, made, [step.id for step in new])
        found = {**there, **added}
        self.left.steps.update(found)
        return {job: found[job] for job in batch if job in found}

    def _must_run(
        self, job: str, anew: Sequence[str], versions: Callable[[], Versions | None]
    ) -> bool:
        place = self.submission.place
        if runs.read_job(place, job) is not None:
            return False  # it was kept when this run began
        first = next((each for each in _AFTER[job] if each in anew), None)
        if self.submission.request.fresh:
            logger.info("== %s: asked for anew", job)
            return True
        if first is not None:
            logger.info("== %s: %s is done anew", job, first)
            return True
        decision = decide(job, self.submission.config, versions())
        if decision.must_run:
            logger.info("== %s: %s", job, decision.reason)
            return True
        logger.info("== %s: kept, %s", job, decision.reason)
        note_kept(place, job, decision)
        return False

    def _followed(self, steps: Mapping[str, Step]) -> int:
        latest = dict(steps)
        cluster = self._watch(latest)
        return self._code(cluster, latest)

    def _watch(self, steps: dict[str, Step]) -> Cluster:
        """Stay until the steps have ended; they are kept as they are."""
        told = StepProgress(self.submission.place)
        jobs = {step.id: job for job, step in steps.items()}
        for look in watched(self.emr, self.cluster.id, list(jobs)):
            steps.update({jobs[step.id]: step for step in look.steps})
            self.left.steps.update(steps)
            told.tell(look.cluster, steps)
        return look.cluster

    def _code(self, cluster: Cluster, steps: Mapping[str, Step]) -> int:
        left = {job: step for job, step in steps.items() if not step.is_done}
        if not left:
            return 0
        place = self.submission.place
        logs = None if cluster.logs is None else ClusterLogs(cluster.logs, cluster.id)
        patience = LogPatience(self.log_minutes, self.emr.sleep)
        codes = [
            explain(job, step, place, logs, patience)
            for job, step in left.items()
            if step.state == "FAILED"
        ]
        why = ""
        # Its end may follow upon that of a step; nobody else knows of it then.
        latest = self.emr.cluster(cluster.id)
        if not latest.is_active:
            why = f"cluster {latest.id} is {latest.state.lower()}: {'; '.join(why_ended(latest))}"
            logger.error("%s", why)
        for job, step in left.items():
            if step.state != "FAILED":
                self._tell_ended(job, step, why)
        done = ", ".join(job for job, step in steps.items() if step.is_done) or "none"
        on = "on this cluster" if latest.is_active else "on another cluster"
        logger.error("jobs that are done: %s; the same command, %s, goes on there", done, on)
        return codes[0] if codes else 1

    def _tell_ended(self, job: str, step: Step, why: str) -> None:
        said = f"step {step.id} is {step.state.lower()}"
        said += f": {step.message}" if step.message else ""
        logger.error("%s: %s", job, said)
        part = runs.read_job(self.submission.place, job)
        if part is not None and part.get("outcome") == "running":
            note_end(self.submission.place, job, "interrupted", f"{said}; {why}".rstrip("; "))

    def _tell_left(self, batch: Sequence[str], steps: Mapping[str, Step]) -> None:
        for job, step in steps.items():
            logger.info("%s: step %s is %s", job, step.id, step.state.lower())
        batches = self.submission.batches
        later = [job for each in batches[batches.index(list(batch)) + 1 :] for job in each]
        if later:
            logger.info("the same command goes on with %s, when these are done", ", ".join(later))
        logger.info("the same command without --no-wait follows them to the end")

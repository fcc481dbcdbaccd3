"""Jobs in their order, as one recorded run: what is kept, what is done, where it ends."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeAlias

from pipeline.cli.job_config import JobConfig
from pipeline.cli.runs.job_run import run_facts
from pipeline.cli.runs.outcome import INTERRUPTED, TERMINATED, explain
from pipeline.cli.runs.resume import Decision, decide
from pipeline.errors import EnsemblesError
from pipeline.store import runs
from pipeline.store.runs import RunPlace

logger = logging.getLogger(__name__)

Submit: TypeAlias = Callable[[str, list[str]], int]
"""Runs a job, with further arguments, to its end; returns its exit code."""


@dataclass(frozen=True)
class JobSequence:
    """Jobs of one run.

    Parameters
    ----------
    config : JobConfig
        Their configuration.
    place : RunPlace
        Where the run is recorded.
    groups : sequence of sequence of str
        The jobs in their order; those of one group run side by side.
    fresh : bool
        Do every job, also where nothing has changed.
    cancel : callable
        Ends the jobs that run side by side, when this process is told to end.
    """

    config: JobConfig
    place: RunPlace
    groups: Sequence[Sequence[str]]
    fresh: bool = False
    cancel: Callable[[], None] = lambda: None

    def run(self, submit: Submit, given: Mapping[str, Any]) -> int:
        """Run them; returns the exit code of the first that fails, or 0.

        Parameters
        ----------
        submit : callable
            Runs one job.
        given : mapping
            The arguments of the command, for the record.
        """
        runs.begin(self.place, {"of": "run", **run_facts(self.config, given)})
        logger.info("run %s: %s", self.place.run_id, self.place.record_uri)
        began = time.monotonic()
        try:
            code = self._all(submit)
        except BaseException as error:
            outcome = explain(error)
            end_run(self.place, outcome.name, outcome.exit_code)
            raise
        end_run(self.place, outcome_of(code), code)
        if not code:
            logger.info("all jobs done in %.0f s", time.monotonic() - began)
        return code

    def _all(self, submit: Submit) -> int:
        for group in self.groups:
            wanted = [job for job in group if self._must_run(job)]
            codes = self._side_by_side(wanted, submit)
            failed = next((code for code in codes if code), 0)
            if failed:
                return failed
        return 0

    def _side_by_side(self, jobs: Sequence[str], submit: Submit) -> list[int]:
        if len(jobs) < 2:
            return [self._one(job, submit) for job in jobs]
        with ThreadPoolExecutor(len(jobs)) as pool:
            try:
                return list(pool.map(lambda job: self._one(job, submit), jobs))
            except BaseException:
                self.cancel()
                raise

    def _must_run(self, job: str) -> bool:
        decision = decide(job, self.config)
        if decision.must_run or self.fresh:
            logger.info("== %s: %s", job, "asked for anew" if self.fresh else decision.reason)
            return True
        logger.info("== %s: kept, %s", job, decision.reason)
        note_kept(self.place, job, decision)
        if decision.shown:
            sys.stdout.write(f"{decision.shown}\n")
        return False

    def _one(self, job: str, submit: Submit) -> int:
        code = submit(job, ["--fresh"] if self.fresh and job == "score" else [])
        return self._failed(job, code) if code else 0

    def _failed(self, job: str, code: int) -> int:
        """Note a job that could not do so itself, and say how to go on."""
        part = runs.read_run(self.place)["jobs"].get(job, {"job": job, "started": runs.now()})
        if part.get("outcome") in (None, "running", "died"):
            part |= {
                "outcome": outcome_of(code),
                "exit_code": code,
                "error": f"the job's process ended with exit code {code} and without a word",
                "ended": runs.now(),
            }
            runs.note_job(self.place, job, part)
        is_told = outcome_of(code) == "interrupted"
        ended = "was ended" if is_told else f"failed with exit code {code}"
        logger.error("%s %s; the same command goes on there, what is done is kept", job, ended)
        return code


def end_run(place: RunPlace, outcome: str, code: int) -> None:
    """Note how a run ended; failing to is a warning."""
    try:
        runs.end(place, outcome, code)
    except EnsemblesError as failure:  # what happened matters more than its record
        logger.warning("the record of run %s was not written: %s", place.run_id, failure)


def note_kept(place: RunPlace, job: str, decision: Decision) -> None:
    """Note that a job need not be done, and what it has made earlier."""
    part = {
        "outcome": "kept",
        "exit_code": 0,
        "reason": decision.reason,
        "started": runs.now(),
        "outputs": decision.outputs,
        **decision.facts,
    }
    runs.note_job(place, job, part)


def outcome_of(code: int) -> str:
    """What an exit code means in a record."""
    if code in (INTERRUPTED, TERMINATED):
        return "interrupted"
    return "failed" if code else "success"

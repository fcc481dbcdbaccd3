"""Whether a job of a date must be done, and the note that it need not; for all DAGs alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from day_run import is_judged

from pipeline.cli.job_config import JobConfig
from pipeline.cli.runs import sequence
from pipeline.cli.runs.inputs import ANOTHER_CHAMPION, Versions
from pipeline.cli.runs.job_run import run_facts
from pipeline.cli.runs.resume import Decision, decide
from pipeline.store import runs
from pipeline.store.runs import RunPlace

GIVEN = {"from": "airflow"}
"""What a run's record has for the arguments of a command."""


def decided(
    job: str, config: JobConfig, place: RunPlace, versions: Versions | None = None
) -> Decision:
    """As `emr-ensembles run` does, but for a report that has served its purpose."""
    decision = decide(job, config, versions)
    if job == "report" and decision.reason == ANOTHER_CHAMPION and is_judged(place, config):
        # Else each promotion would have the reports of all dates before it made again.
        return Decision(False, "the date was judged by it")
    return decision


def note_kept(
    place: RunPlace, config: JobConfig, job: str, decision: Decision, **facts: Any
) -> None:
    """Note a job that need not be done, unless this very run has noted how it did it."""
    before = runs.read_job(place, job)
    if before is not None and before.get("outcome") in ("success", "kept"):
        return
    begin(place, config, facts)
    sequence.note_kept(place, job, decision)


def begin(place: RunPlace, config: JobConfig, facts: Mapping[str, Any]) -> None:
    """Begin the record of a run that is nothing but its jobs."""
    runs.begin(place, {"of": "jobs", **facts, **run_facts(config, GIVEN)})


def begin_job(place: RunPlace, config: JobConfig, job: str, facts: Mapping[str, Any]) -> None:
    """Begin the record of a run, and have it forget how an earlier try at this job ended.

    Else the error of that try would be told, should this one end without a word.
    """
    begin(place, config, facts)
    if runs.read_job(place, job) is not None:
        runs.note_job(place, job, {"outcome": "running", "exit_code": None, "started": runs.now()})

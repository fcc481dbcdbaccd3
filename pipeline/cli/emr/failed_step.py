"""Why a step failed: what the job has recorded, what EMR says, the last lines of its logs."""

from __future__ import annotations

import datetime
import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.emr.running.states import Step
from pipeline.emr.running.step_logs import LATE_MINUTES, ClusterLogs, Tail, tail
from pipeline.errors import EnsemblesError
from pipeline.spark.causes import GONE
from pipeline.spark.last_error import last_error
from pipeline.spark.memory_kills import killed_for_memory
from pipeline.store import runs
from pipeline.store.runs import RunPlace

logger = logging.getLogger(__name__)

LINES = 25
"""So many of a log's last lines are shown."""

_LOOKED_AT = 400
_EVERY_S = 20.0
_BEFORE = datetime.timedelta(minutes=1)


@dataclass(frozen=True)
class LogPatience:
    """How long logs are waited for.

    Parameters
    ----------
    minutes : float
        At most.
    sleep : callable
        Waits for a number of seconds.
    """

    minutes: float
    sleep: Callable[[float], None]


def told_by(part: Mapping[str, Any] | None) -> str:
    """The error that a job has recorded of itself; empty for none."""
    if part is None or part.get("outcome") != "failed" or not part.get("exit_code"):
        return ""
    return str(part.get("error"))


def explain(
    job: str, step: Step, place: RunPlace, logs: ClusterLogs | None, patience: LogPatience
) -> int:
    """Say why a step failed.

    Parameters
    ----------
    job : str
        Its job.
    step : Step
        As EMR describes it.
    place : RunPlace
        Where the run is recorded; what the job could not record itself is recorded now.
    logs : ClusterLogs or None
        Where the cluster's logs lie, if anywhere.
    patience : LogPatience
        For logs; when the job has told the error itself, they are looked at once.

    Returns
    -------
    int
        The job's exit code; 1 where nobody knows it.
    """
    part = runs.read_job(place, job)
    told = told_by(part)
    if told:
        logger.error("%s: %s", job, told)
    if said := _said_by_emr(step):
        logger.error("%s: EMR says: %s", job, said)
    is_clear = bool(told) and not told.startswith(GONE)
    is_silent = not told and (part is None or part.get("outcome") != "success")
    unknown = f"step {step.id} failed, and its logs do not say why"
    if is_silent:  # before a wait that may be ended
        note_end(place, job, "failed", said or unknown)
    tails = _tails(job, step, part, logs, patience, wait=not is_clear)
    reason = "" if is_clear else _reason(step, tails)
    if reason:
        logger.error("%s: %s", job, reason)
    write_tails(tails, LINES)
    if told and part is not None:
        return int(part["exit_code"])
    if not is_silent:
        logger.error("%s: it has recorded its success, and only its step failed", job)
    elif reason:
        note_end(place, job, "failed", reason)
    return 1


def note_end(place: RunPlace, job: str, outcome: str, error: str) -> None:
    """Record the end of a job that could not do so itself; failing to is a warning."""
    try:
        part = runs.read_job(place, job) or {"job": job, "started": runs.now()}
        ended = {"outcome": outcome, "exit_code": 1, "error": error, "ended": runs.now()}
        runs.note_job(place, job, {**part, **ended})
    except EnsemblesError as failure:  # what happened matters more than its record
        logger.warning("the record of run %s was not written: %s", place.run_id, failure)


def write_tails(tails: Sequence[Tail], lines: int) -> None:
    """Write the last lines of logs to stderr, each below its URI."""
    for each in tails:
        if each.lines:
            shown = "\n".join(each.lines[-lines:])
            sys.stderr.write(f"--- the last lines of {each.uri}\n{shown}\n")


def _said_by_emr(step: Step) -> str:
    return "; ".join(filter(None, (step.reason, step.message, step.log_file)))


def _reason(step: Step, tails: Sequence[Tail]) -> str:
    text = "\n\n".join([step.message, *(each.text for each in tails)])
    return killed_for_memory(text) or last_error(text)


def _tails(
    job: str,
    step: Step,
    part: Mapping[str, Any] | None,
    logs: ClusterLogs | None,
    patience: LogPatience,
    *,
    wait: bool,
) -> list[Tail]:
    """The driver's logs; else the step's own, when nothing else comes."""
    if logs is None:
        logger.error("%s: the cluster writes no logs to S3: nothing more is known", job)
        return []
    known = "" if part is None else str(part.get("application") or "")
    waited = 0.0
    while True:
        found, is_all = _look(step, known, logs, is_clear=not wait)
        if is_all or not wait or waited >= patience.minutes * 60:
            if found and not is_all:
                logger.info("%s: what has arrived of its logs may be older than its end", job)
            if not found:
                late = f"they arrive within about {LATE_MINUTES} minutes"
                logger.info(
                    "%s: no logs of step %s have arrived; %s: emr-ensembles emr logs %s --step %s",
                    *(job, step.id, late, logs.cluster, step.id),
                )
            return found
        if not waited:
            logger.info(
                "%s: logs arrive within about %d minutes; waiting for them up to %g minutes",
                *(job, LATE_MINUTES, patience.minutes),
            )
        patience.sleep(_EVERY_S)
        waited += _EVERY_S


def _look(step: Step, known: str, logs: ClusterLogs, *, is_clear: bool) -> tuple[list[Tail], bool]:
    """What has arrived, and whether that is all that is wanted."""
    try:
        own = tail(logs.of_step(step.id), _LOOKED_AT)
        application = known or ("" if own is None else own.application)
        drivers = logs.driver_tails(application, _LOOKED_AT) if application else []
    except EnsemblesError as error:  # why the step failed matters more
        logger.warning("logs cannot be read: %s", error)
        return [], True
    if is_clear and drivers:
        return drivers, _are_last(drivers, step)
    # What YARN says of the end, a kill for memory say, is in the step's own.
    found = ([] if own is None else [own]) + drivers
    is_all = own is not None and (bool(drivers) or not application)
    return found, is_all and _are_last(found, step)


def _are_last(tails: Sequence[Tail], step: Step) -> bool:
    """Whether logs were brought when the step had ended, and not while it ran."""
    if step.ended is None:
        return True
    ended = step.ended if step.ended.tzinfo else step.ended.replace(tzinfo=datetime.UTC)
    # A driver ends before its step does, and EMR may have come in between.
    return all(each.brought is None or each.brought >= ended - _BEFORE for each in tails)

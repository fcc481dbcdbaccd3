"""Gangs: n workers that start together, train one model, and end together; the driver half.

This is the only place that knows Spark's barrier mode. Spark either never retries a barrier stage
or retries the user's own errors too, so attempts are ours: one barrier job each, the next one only
after executors, workers or peers were lost, at most `attempts` times, and never after an exception
of the trainer's code.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from pipeline.errors import GangError, GangLostError
from pipeline.spark.attempt import Attempt, Lost
from pipeline.spark.collectives import CollectiveName
from pipeline.spark.events import Event
from pipeline.spark.resources import GangPlan, slots_now
from pipeline.spark.worker import Work

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)

_NOTICE_S = 10.0
_POLL_S = 0.2
_SETTLE_S = 2.0

OnEvent: TypeAlias = Callable[[Event], None]


@dataclass(frozen=True)
class GangLimits:
    """How long, and how often.

    Parameters
    ----------
    attempts : int
        Attempts in all, of which all but the first follow a loss.
    wait_s : float
        Seconds to wait for executors to register or to come back.
    queue_s : float or None
        Seconds to wait behind other gangs of this application; None: as long as it takes.
    stall_s : float
        Seconds without any progress after which the gang is ended and the rank named.
    """

    attempts: int = 3
    wait_s: float = 600.0
    queue_s: float | None = None
    stall_s: float = 600.0


_LOCKS: dict[str, threading.Lock] = {}
_LOCKS_GUARD = threading.Lock()


def run_gang(
    spark: SparkSession,
    plan: GangPlan,
    work: Work,
    *,
    name: str,
    collective: CollectiveName,
    limits: GangLimits | None = None,
    on_event: OnEvent | None = None,
) -> list[Any]:
    """Run `work` on every worker of a gang.

    Parameters
    ----------
    spark : SparkSession
        The session.
    plan : GangPlan
        Made by `plan_gang`.
    work : callable
        Takes a `Worker`, returns something small that can be pickled; runs on executors.
    name : str
        What is being trained, for log lines.
    collective : {"rabit", "horovod", "none"}
        How the workers talk to each other.
    limits : GangLimits, optional
        How long and how often.
    on_event : callable, optional
        Called on the driver with every event that is not a heartbeat.

    Returns
    -------
    list
        The workers' results, in the order of ranks.

    Raises
    ------
    GangWorkerError
        A worker's own code raised; carries its traceback. A `UserError` is raised as such.
    GangLostError
        Executors or workers were lost in every attempt, or did not come back.
    GangStalledError
        A rank made no progress.
    """
    limits = limits or GangLimits()
    with _turn(spark, name, limits.queue_s):
        losses: list[str] = []
        for number in range(1, limits.attempts + 1):
            wait_for_executors(spark, plan, name, limits.wait_s, losses)
            attempt = Attempt(
                spark, plan, f"{name}-{uuid.uuid4().hex[:8]}", collective, limits.stall_s
            )
            outcome = attempt.run(work, on_event or _ignore)
            if not isinstance(outcome, Lost):
                return outcome
            losses.append(outcome.reason)
            left = limits.attempts - number
            logger.warning(
                "%s: attempt %d was lost (%s); %d attempts left", name, number, outcome.reason, left
            )
    raise GangLostError(
        f"{name}: all {limits.attempts} attempts were lost. Last loss: {losses[-1]}. Executors "
        "that die of memory need a larger spark.executor.memoryOverhead; see their logs"
    )


@contextmanager
def _turn(spark: SparkSession, name: str, queue_s: float | None) -> Iterator[None]:
    """One gang at a time in an application: two halves of two gangs would wait for ever."""
    with _LOCKS_GUARD:
        lock = _LOCKS.setdefault(str(spark.sparkContext.applicationId), threading.Lock())
    began = time.monotonic()
    while not lock.acquire(timeout=_next_pause(began, queue_s)):
        waited = time.monotonic() - began
        if queue_s is not None and waited >= queue_s:
            raise GangError(
                f"{name}: waited {waited:.0f} s behind another gang of this application, as long "
                "as gang.queue allows"
            )
        logger.info("%s: waiting for another gang of this application, %.0f s", name, waited)
    try:
        yield
    finally:
        lock.release()


def _next_pause(began: float, queue_s: float | None) -> float:
    if queue_s is None:
        return _NOTICE_S
    return max(min(_NOTICE_S, queue_s - (time.monotonic() - began)), 0.0)


def wait_for_executors(
    spark: SparkSession, plan: GangPlan, name: str, wait_s: float, losses: Sequence[str] = ()
) -> None:
    """Wait until executors for the whole gang are registered.

    To be called before any Spark job: without executors Spark would wait for ever.

    Parameters
    ----------
    spark : SparkSession
        The session.
    plan : GangPlan
        The gang's layout.
    name : str
        What is being trained, for log lines.
    wait_s : float
        Seconds to wait.
    losses : sequence of str
        What earlier attempts were lost by.

    Raises
    ------
    GangLostError
        When they do not come in time.
    """
    if losses:
        # An executor may die of its Python worker's death, and is registered for a moment longer.
        time.sleep(_SETTLE_S)
    began = noticed = time.monotonic()
    while (slots := slots_now(spark, plan)) < plan.workers:
        now = time.monotonic()
        if now - began > wait_s:
            after = f" after a loss ({losses[-1]})" if losses else ""
            raise GangLostError(
                f"{name}: only {slots} of {plan.workers} workers have an executor, {wait_s:.0f} s "
                f"on{after} (gang.wait). Is another application holding them, or is a node gone?"
            )
        if now - noticed > _NOTICE_S:
            noticed = now
            logger.info(
                "%s: waiting for executors, %d of %d workers have one, %.0f s",
                name,
                slots,
                plan.workers,
                now - began,
            )
        time.sleep(_POLL_S)


def _ignore(_event: Event) -> None:
    """Nobody listens."""

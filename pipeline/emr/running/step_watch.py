"""Watching steps until they have ended."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from pipeline.emr.running.api import Emr
from pipeline.emr.running.polling import EVERY_S, polled
from pipeline.emr.running.states import Cluster, Step


@dataclass(frozen=True)
class Look:
    """What EMR says at one time.

    Parameters
    ----------
    cluster : Cluster
        The cluster.
    steps : tuple of Step
        Those that are watched.
    """

    cluster: Cluster
    steps: tuple[Step, ...]


def watched(
    emr: Emr, cluster_id: str, ids: Collection[str], every_s: float = EVERY_S
) -> Iterator[Look]:
    """Look at steps again and again, the last time when they have ended.

    Parameters
    ----------
    emr : Emr
        Whom to ask.
    cluster_id : str
        The cluster.
    ids : collection of str
        The steps' ids.
    every_s : float
        Seconds between two looks.

    Raises
    ------
    UserError, EnsemblesError
        As `polled` does.
    """

    def ask() -> Look:
        # The cluster first: the steps of one that has ended will not change any more.
        cluster = emr.cluster(cluster_id)
        return Look(cluster, tuple(step for step in emr.steps(cluster_id) if step.id in ids))

    for look in polled(ask, emr.sleep, every_s):
        yield look
        are_all_there = len(look.steps) == len(ids)  # a new step is not always listed at once
        if look.cluster.has_ended or (
            are_all_there and not any(step.is_unfinished for step in look.steps)
        ):
            return


def run_time(step: Step) -> str:
    """How long a step has run, or ran, such as `1 h 05 min`; empty for one that has not begun."""
    if step.started is None:
        return ""
    until = step.ended or datetime.datetime.now(step.started.tzinfo)
    return duration(max((until - step.started).total_seconds(), 0.0))


def duration(seconds: float) -> str:
    """Such as `40 s`, `12 min` or `1 h 05 min`."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(int(seconds // 60), 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"

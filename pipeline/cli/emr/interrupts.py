"""Ctrl-C ends a command, not the cluster: what is left running is told, never silent."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pipeline.cli.emr.cost_text import bound_text, idle_text
from pipeline.cli.entry import end_cleanly_when_told
from pipeline.cli.runs.outcome import Terminated
from pipeline.emr.running.record import record_of
from pipeline.emr.running.states import Cluster
from pipeline.errors import EnsemblesError


@contextmanager
def state_when_interrupted(look: Callable[[], Cluster | None], what: str) -> Iterator[None]:
    """On Ctrl-C and SIGTERM, say what the cluster does, what it costs and how to end it.

    Parameters
    ----------
    look : callable
        Describes the cluster; None where there is none yet.
    what : str
        What the user calls it.
    """
    with _terminated_when_told():
        try:
            yield
        except (KeyboardInterrupt, Terminated):
            sys.stderr.write(f"\n{_told(look, what)}\n")
            raise


@contextmanager
def _terminated_when_told() -> Iterator[None]:
    """SIGTERM raises `Terminated` meanwhile."""
    before = signal.getsignal(signal.SIGTERM)
    end_cleanly_when_told()
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)


def went_on(error: EnsemblesError, note: str) -> EnsemblesError:
    """The same error with a note that something may run on, and the exit code of a failure.

    The user's own errors have another one, which says that nothing has been done.
    """
    told = error if error.exit_code == 1 else EnsemblesError(str(error))
    if told is not error:
        for each in getattr(error, "__notes__", ()):
            told.add_note(each)
    if note:
        told.add_note(note)
    return told


def left_running(cluster: Cluster) -> str:
    """What a cluster that is left to itself does and costs, and how to end it."""
    said = f"cluster {cluster.id} ({cluster.name}) is {cluster.state.lower()}"
    if not cluster.is_active:
        return said
    try:
        settings = record_of(cluster).settings
        said += f": it costs {bound_text(settings)} and {idle_text(settings)}"
    except EnsemblesError as error:
        said += f": what it costs is not known ({error})"
    return f"{said}\nto end it now: emr-ensembles emr terminate {cluster.id}"


def _told(look: Callable[[], Cluster | None], what: str) -> str:
    # Whoever runs a command may send the signal to it and to its group: it comes twice then.
    for _ in range(2):
        try:
            return _state(look, what)
        except (KeyboardInterrupt, Terminated):
            continue
    return f"{what}: the cluster, if there is one, runs on: see emr-ensembles emr list"


def _state(look: Callable[[], Cluster | None], what: str) -> str:
    try:
        cluster = look()
    except EnsemblesError as error:
        return (
            f"{what}: whether a cluster runs could not be found out ({error}); it may: see "
            "emr-ensembles emr list"
        )
    return f"{what}: no cluster is running" if cluster is None else left_running(cluster)

"""Who is measured, each in processes of its own that live as long as the measurement."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.boosting.remote import Remote
from benchmarks.boosting.results import Timing


class Contender(ABC):
    """A way to train boosted trees.

    Parameters
    ----------
    name : str
        What it is called in the results.
    remotes : sequence of Remote
        Whose processes do the work.
    """

    def __init__(self, name: str, remotes: Sequence[Remote]) -> None:
        self.name = name
        self._remotes = remotes

    @property
    def pids(self) -> list[int]:
        """Its processes; their descendants belong to it, too."""
        return [pid for remote in self._remotes for pid in remote.pids]

    @abstractmethod
    def fit(self, rounds: int) -> Timing:
        """Train."""

    @abstractmethod
    def auc(self) -> float | None:
        """Area under the curve of the last fit on the test rows; None: it has no model."""

    def note(self) -> str:
        """What to know about the figures."""
        return ""


class Alone(Contender):
    """XGBoost in one process.

    Parameters
    ----------
    name, native : str, Remote
        What it is called, and the process with the rows.
    threads : int
        To bin and to train with.
    times : int
        How often each row is there.
    """

    def __init__(self, name: str, native: Remote, threads: int, times: int = 1) -> None:
        super().__init__(name, [native])
        self._native = native
        self._threads = threads
        self._times = times

    def fit(self, rounds: int) -> Timing:
        timing: Timing = self._native.call("train", self._threads, rounds, self._times)
        return timing

    def auc(self) -> float:
        return float(self._native.call("auc"))

    def note(self) -> str:
        return "rows by time; seconds are binning and loop"


class Ranks(Contender):
    """XGBoost in several processes of one thread.

    Parameters
    ----------
    name, ranks : str, sequence of Remote
        What it is called, and the processes with a part of the rows each.
    are_talking : bool
        Whether they train one booster together, or each one of its own.
    """

    def __init__(self, name: str, ranks: Sequence[Remote], *, are_talking: bool) -> None:
        super().__init__(name, ranks)
        self._are_talking = are_talking

    def fit(self, rounds: int) -> Timing:
        invitation = None
        if self._are_talking:
            from xgboost.tracker import RabitTracker

            tracker = RabitTracker(n_workers=len(self._remotes), host_ip="127.0.0.1", sortby="task")
            tracker.start()
            invitation = dict(tracker.worker_args())
        for rank in self._remotes:
            rank.ask("train", rounds, invitation)
        timings: list[Timing] = [rank.answer() for rank in self._remotes]
        loop = max(timing.loop or 0.0 for timing in timings)
        binning = max(timing.binning or 0.0 for timing in timings)
        cpu = sum(timing.loop_cpu or 0.0 for timing in timings)
        return Timing(binning + loop, loop=loop, binning=binning, loop_cpu=cpu)

    def auc(self) -> float | None:
        return float(self._remotes[0].call("auc")) if self._are_talking else None


class InSession(Contender):
    """Somebody who trains by Spark.

    Parameters
    ----------
    name, session : str, Remote
        What it is called, and the process with the session.
    settings : mapping
        Its own params.
    """

    def __init__(self, name: str, session: Remote, settings: Mapping[str, Any]) -> None:
        super().__init__(name, [session])
        self._session = session
        session.call("prepare", name, dict(settings))

    def fit(self, rounds: int) -> Timing:
        timing: Timing = self._session.call("fit", self.name, rounds)
        return timing

    def auc(self) -> float:
        return float(self._session.call("auc", self.name))

    def note(self) -> str:
        return str(self._session.call("note", self.name))

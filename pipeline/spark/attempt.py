"""One attempt of a gang: one barrier job, watched from the driver until it ends.

The job runs in a thread of its own; this side listens to the workers, ends the job when a rank
raises or stalls, and says what the end meant: results, a loss that may be tried again, or an error.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from pipeline.errors import GangError, GangStalledError, GangWorkerError, UserError
from pipeline.spark.causes import first_cause, rebuilt
from pipeline.spark.collectives import CollectiveName
from pipeline.spark.events import Channel, Event
from pipeline.spark.memory_kills import killed_for_memory
from pipeline.spark.network import ports_of
from pipeline.spark.resources import GangPlan
from pipeline.spark.worker import Work, WorkerSpec, run_worker

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)

_POLL_S = 0.2
_NOTICE_S = 10.0
_SILENT_S = 15.0
_GRACE_S = 5.0
_END_S = 15.0
_WORDS_S = 1.0
_SHOWN_ERRORS = 3

_LOSS = re.compile(
    r"ExecutorLostFailure|Executor \S+ was lost|worker lost|Python worker exited unexpectedly"
    r"|java.net.SocketException|java.io.EOFException|Broken pipe"
    r"|Remote RPC client disassociated|Executor heartbeat timed out|FetchFailed",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Lost:
    """The attempt ended because something died; another attempt may succeed.

    Parameters
    ----------
    reason : str
        What was lost, in one line.
    """

    reason: str


class Attempt:
    """One barrier job of a gang.

    Parameters
    ----------
    spark : SparkSession
        The session.
    plan : GangPlan
        The gang's layout.
    attempt_id : str
        Names the job group.
    collective : {"rabit", "horovod", "none"}
        How workers talk to each other.
    stall_s : float
        Seconds without progress after which the attempt is ended.

    Raises
    ------
    UserError
        When `spark.emr.ensembles.ports` is no range of ports.
    """

    def __init__(
        self,
        spark: SparkSession,
        plan: GangPlan,
        attempt_id: str,
        collective: CollectiveName,
        stall_s: float,
    ) -> None:
        self._context = spark.sparkContext
        self._plan = plan
        self._id = attempt_id
        self._collective = collective
        self._stall_s = stall_s
        self._ports = ports_of(self._context.getConf())
        self._results: list[Any] | None = None
        self._failure: Exception | None = None
        self._errors: list[Event] = []
        self._watch = _Watch(plan.workers)
        self._ended = threading.Event()

    def run(self, work: Work, on_event: Callable[[Event], None]) -> list[Any] | Lost:
        """Run the job to its end.

        Raises
        ------
        GangWorkerError, GangStalledError, GangError, UserError
            When it must not be tried again.
        """
        from pyspark import InheritableThread

        with self._channel() as channel:
            thread = InheritableThread(target=partial(self._job, channel, work))
            thread.daemon = True
            thread.start()
            try:
                self._listen(channel, on_event)
            except BaseException:
                self._cancel()
                thread.join(_END_S)  # the next gang wants these executors
                raise
        if self._results is not None:
            return self._results
        return self._meaning()

    def _channel(self) -> Channel:
        conf = self._context.getConf()
        host = conf.get("spark.driver.host", "127.0.0.1") or "127.0.0.1"
        # Executors have registered under this host: it is where they reach the driver.
        return Channel(conf.get("spark.driver.bindAddress", host) or host, host, self._ports)

    def _job(self, channel: Channel, work: Work) -> None:
        """The barrier job, in its own thread: job groups belong to threads."""
        size = self._plan.workers
        try:
            spec = WorkerSpec(
                size=size,
                cores=self._plan.cores,
                gpus=self._plan.gpus,
                collective=self._collective,
                address=channel.address,
                secret=channel.secret,
                stall_s=self._stall_s,
                ports=self._ports,
            )
            self._context.setJobGroup(self._id, f"gang {self._id} of {size}", True)
            # Not a range: that has a Python worker of its own, which is idle when a lost attempt
            # kills it, and which Spark then gives, dead, to the next attempt.
            rows: Any = self._context.parallelize(list(range(size)), size)
            if self._plan.profile is not None:
                rows = rows.withResources(self._plan.profile)
            self._results = rows.barrier().mapPartitions(partial(run_worker, spec, work)).collect()
        except Exception as error:  # noqa: BLE001 - read by _meaning in the caller's thread
            self._failure = error
        finally:
            self._ended.set()
            channel.wake()

    def _listen(self, channel: Channel, on_event: Callable[[Event], None]) -> None:
        noticed = time.monotonic()
        ending: float | None = None
        while not self._ended.is_set() and (ending is None or time.monotonic() < ending + _END_S):
            event = channel.get(timeout=_POLL_S)
            now = time.monotonic()
            if event is not None:
                self._hear(event, on_event)
            elif self._watch.is_waiting and now - noticed > _NOTICE_S:
                noticed = now
                logger.info("%s: waiting for busy executors, %.0f s", self._id, self._watch.age)
            if not self._errors:
                self._require_progress()
            elif ending is None:
                ending = now + _GRACE_S  # for the peers' own words, and Spark's own end
            elif now > ending:
                self._cancel()
        self._hear_out(channel, on_event)

    def _hear_out(self, channel: Channel, on_event: Callable[[Event], None]) -> None:
        """What ranks still say after the end; after an error there may be others beside it."""
        until = time.monotonic() + (_WORDS_S if self._errors else 0.0)
        while len({event.rank for event in self._errors}) < self._plan.workers:
            event = channel.get(timeout=max(until - time.monotonic(), 0.0))
            if event is not None:
                self._hear(event, on_event)
            elif time.monotonic() >= until:
                break
        for late in channel.rest():
            self._hear(late, on_event)

    def _hear(self, event: Event, on_event: Callable[[Event], None]) -> None:
        self._watch.note(event)
        if event.kind == "error":
            self._errors.append(event)
        elif event.kind == "started":
            gpus = f", GPU {', '.join(event.data['gpus'])}" if event.data["gpus"] else ""
            logger.info(
                "%s: rank %d of %d on %s, %d threads%s",
                self._id,
                event.rank,
                self._plan.workers,
                event.data["host"],
                event.data["threads"],
                gpus,
            )
        if event.kind != "heartbeat":
            on_event(event)

    def _require_progress(self) -> None:
        idle = self._watch.idle
        if idle < self._stall_s:
            return
        raise GangStalledError(
            f"{self._id}: no progress for {idle:.0f} s (gang.stall); {self._watch.suspects()}. "
            "The gang was ended. If one step really takes that long, raise gang.stall"
        )

    def _cancel(self) -> None:
        self._context.cancelJobGroup(self._id)

    def _meaning(self) -> Lost:
        """What the failed job meant: a loss, or an error that is raised."""
        text = str(self._failure)
        cause = first_cause(self._failure) if self._failure else "it gave no result"
        own = [event for event in self._errors if not event.data["is_peer"]]
        if own:
            raise _worker_error(self._id, own[0], own[1:])
        if killed := killed_for_memory(text):
            return Lost(killed)
        if match := _LOSS.search(text):
            return Lost(_line_around(text, match.start()))
        if self._errors:
            first = self._errors[0]
            return Lost(f"rank {first.rank} lost its peers: {_first_line(first.data['message'])}")
        raise GangError(f"{self._id}: the job failed: {cause}") from self._failure


class _Watch:
    """When each rank last spoke and last moved."""

    def __init__(self, size: int) -> None:
        self._began = time.monotonic()
        self._moved = self._began
        self._heard: dict[int, float] = {}
        self._steps = dict.fromkeys(range(size), -1)
        self._done: set[int] = set()

    @property
    def is_waiting(self) -> bool:
        """Whether no rank has started: the executors are busy with other jobs."""
        return not self._heard

    @property
    def age(self) -> float:
        """Seconds since the attempt was submitted."""
        return time.monotonic() - self._began

    @property
    def idle(self) -> float:
        """Seconds since any rank moved; 0 while none has started."""
        return 0.0 if self.is_waiting else time.monotonic() - self._moved

    def note(self, event: Event) -> None:
        """Take an event into account."""
        if not self._heard:
            self._moved = event.at
        self._heard[event.rank] = event.at
        step = int(event.data.get("step", 0))
        if step > self._steps[event.rank] or event.kind in ("started", "finished"):
            self._steps[event.rank] = step
            self._moved = event.at
        if event.kind == "finished":
            self._done.add(event.rank)

    def suspects(self) -> str:
        """Which ranks are to blame: silent ones, else those that are furthest behind."""
        now = time.monotonic()
        absent = [rank for rank in self._steps if rank not in self._heard]
        silent = [
            rank
            for rank, at in self._heard.items()
            if now - at > _SILENT_S and rank not in self._done
        ]
        if silent or absent:
            return (
                f"rank {_ranks(sorted(silent + absent))} is silent (stopped, or its node is gone)"
            )
        waiting = {rank: step for rank, step in self._steps.items() if rank not in self._done}
        least = min(waiting.values(), default=0)
        behind = [rank for rank, step in waiting.items() if step == least]
        return f"rank {_ranks(behind)} is alive and stands at step {least}"


def _ranks(ranks: list[int]) -> str:
    return ", ".join(map(str, ranks))


def _worker_error(attempt_id: str, event: Event, later: list[Event]) -> Exception:
    data = event.data
    if data["is_user"]:
        return rebuilt(data["type"], data["message"]) or UserError(data["message"])
    others = "".join(
        f"\nthen rank {each.rank} raised {each.data['type']}: {_first_line(each.data['message'])}"
        for each in later[:_SHOWN_ERRORS]
        if each.rank != event.rank
    )
    more = f"\nand {len(later) - _SHOWN_ERRORS} more" if len(later) > _SHOWN_ERRORS else ""
    return GangWorkerError(
        f"{attempt_id}: rank {event.rank} raised {data['type']}: {data['message']}{others}{more}\n"
        f"{data['traceback']}"
    )


def _line_around(text: str, place: int) -> str:
    start = text.rfind("\n", 0, place) + 1
    end = text.find("\n", place)
    return text[start : end if end >= 0 else len(text)].strip()[:300]


def _first_line(text: str) -> str:
    return text.strip().split("\n", maxsplit=1)[0][:300]

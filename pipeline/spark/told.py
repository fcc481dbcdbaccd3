"""Users' errors that tasks meet, handed to the driver as data.

Spark runs a task that raises four times, and the table is as wrong the fourth time as the first.
So tasks do not raise a `UserError`: they end well, with a `Told` in place of their results, and
the driver raises it. All other exceptions keep Spark's attempts.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa

from pipeline.errors import EnsemblesError, UserError
from pipeline.spark.causes import executors_speak, rebuilt

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

T = TypeVar("T")

_MOST = 5


@dataclass(frozen=True)
class Told:
    """A user's error that a task met.

    Parameters
    ----------
    kind : str
        Name of its class.
    message : str
        What it says.
    """

    kind: str
    message: str


def telling(work: Callable[..., Iterable[T]]) -> Callable[..., Iterator[T | Told]]:
    """A task's function that yields a `Told` instead of raising a `UserError`.

    Parameters
    ----------
    work : callable
        A task's function; its last argument is the iterator of the task's input.
    """

    def run(*arguments: Any) -> Iterator[T | Told]:
        try:
            yield from work(*arguments)
        except UserError as error:
            yield Told(type(error).__name__, str(error))
            # Input that stays unread would look to Spark like a worker that died.
            for _ in arguments[-1]:
                pass

    return run


def heard(items: Iterable[T | Told]) -> list[T]:
    """What tasks yielded, in the order of partitions.

    Raises
    ------
    UserError
        The first one that was told, by its class, with the messages of up to five different ones.
    """
    results: list[T] = []
    told: dict[Told, None] = {}
    for item in items:
        if isinstance(item, Told):
            told[item] = None
        else:
            results.append(item)
    if told:
        raise _error(list(told))
    return results


def run_on_partitions(frame: DataFrame, work: Callable[[Iterable[pa.RecordBatch]], T]) -> list[T]:
    """Run a function once on every partition of a frame: one Spark job.

    Parameters
    ----------
    frame : DataFrame
        The rows.
    work : callable
        Takes the partition's Arrow batches, returns something small that can be pickled.

    Returns
    -------
    list
        What `work` returned, in the order of partitions.

    Raises
    ------
    UserError
        One that `work` raised; no task is attempted again for it.
    EnsemblesError
        Another error of ours, after Spark's attempts.
    """

    def once(batches: Iterable[pa.RecordBatch]) -> Iterator[T]:
        yield work(batches)

    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        outcomes = [pickle.dumps(outcome) for outcome in telling(once)(batches)]
        yield pa.record_batch({"outcome": pa.array(outcomes, pa.binary())})

    with executors_speak():
        rows = frame.mapInArrow(run, "outcome binary").collect()
    return heard(pickle.loads(row.outcome) for row in rows)


def _error(told: list[Told]) -> EnsemblesError:
    messages = list(dict.fromkeys(one.message for one in told))
    more = len(messages) - _MOST
    lines = messages[:_MOST] + ([f"and {more} more errors of other rows"] if more > 0 else [])
    text = "\n".join(lines)
    return rebuilt(told[0].kind, text) or UserError(text)

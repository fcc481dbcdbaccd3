"""Spark jobs from a few threads of the driver, as Spark ML's own CrossValidator runs them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from typing import TypeVar

from pyspark.util import inheritable_thread_target

T = TypeVar("T")


def in_threads(work: Callable[[int], T], numbers: Iterable[int], parallelism: int) -> Iterator[T]:
    """What `work` returns for each number, in the order in which it is done.

    The first error is raised when those that run are done; those that wait are not started.

    Parameters
    ----------
    work : callable
        Starts Spark jobs.
    numbers : iterable of int
        Its arguments.
    parallelism : int
        Threads.
    """
    with ThreadPoolExecutor(parallelism, thread_name_prefix="bagging") as pool:
        # Wrapped one by one: a wrapper holds the local properties of the thread it will run in.
        runs = [pool.submit(inheritable_thread_target(partial(work, number))) for number in numbers]
        try:
            for run in as_completed(runs):
                yield run.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

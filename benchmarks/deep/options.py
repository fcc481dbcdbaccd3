"""The command line of `python -m benchmarks deep`."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from benchmarks.common import count

BATCHES = (1_024, 4_096, 16_384)


@dataclass(frozen=True)
class Options:
    """What to measure, and how often.

    Parameters
    ----------
    check : bool
        Whether a missed goal is a failure.
    repeats, epochs : int
        Of everybody; epochs of a repeat, the first of which does not count.
    rows : int
        Rows of each worker.
    batches : tuple of int
        Rows of a batch on each worker.
    noisy : bool
        Whether repeats under foreign load count.
    memory : bool
        Measure memory instead, with so many rows and eight times as many.
    """

    check: bool
    repeats: int
    epochs: int
    rows: int
    batches: tuple[int, ...]
    noisy: bool
    memory: bool


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--check", action="store_true", help="exit 1 when a goal is missed")
    parser.add_argument(
        "--repeats", type=count, default=5, metavar="N", help="of everybody (default 5)"
    )
    parser.add_argument(
        "--epochs", type=count, default=4, metavar="N", help="of a repeat (default 4)"
    )
    parser.add_argument(
        "--rows", type=count, default=131_072, metavar="N", help="of a worker (default 131072)"
    )
    parser.add_argument(
        "--batches", nargs="+", type=count, default=BATCHES, metavar="N", help="per worker"
    )
    parser.add_argument(
        "--noisy", action="store_true", help="keep repeats under foreign load, do not wait"
    )
    parser.add_argument(
        "--memory", action="store_true", help="memory with few rows and eight times as many instead"
    )


def read(args: argparse.Namespace) -> Options:
    """The options that were given."""
    return Options(
        check=args.check,
        repeats=args.repeats,
        epochs=max(args.epochs, 2),
        rows=args.rows,
        batches=tuple(args.batches),
        noisy=args.noisy,
        memory=args.memory,
    )

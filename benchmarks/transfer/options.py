"""The command line of `python -m benchmarks transfer`."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from benchmarks.common import count


@dataclass(frozen=True)
class Options:
    """What to measure, and how often.

    Parameters
    ----------
    check : bool
        Whether a missed goal is a failure.
    repeats : int
        Of everybody.
    passes : int
        Forward and backward passes of a repeat.
    epochs : int
        Of a repeat; the first does not count.
    rows : int
        Texts of each of two workers.
    noisy : bool
        Whether repeats under foreign load count.
    """

    check: bool
    repeats: int
    passes: int
    epochs: int
    rows: int
    noisy: bool


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--check", action="store_true", help="exit 1 when a goal is missed")
    parser.add_argument(
        "--repeats", type=count, default=5, metavar="N", help="of everybody (default 5)"
    )
    parser.add_argument(
        "--passes", type=count, default=8, metavar="N", help="of a repeat (default 8)"
    )
    parser.add_argument(
        "--epochs", type=count, default=3, metavar="N", help="of a repeat (default 3)"
    )
    parser.add_argument(
        "--rows", type=count, default=256, metavar="N", help="texts of a worker (default 256)"
    )
    parser.add_argument(
        "--noisy", action="store_true", help="keep repeats under foreign load, do not wait"
    )


def read(args: argparse.Namespace) -> Options:
    """The options that were given."""
    return Options(
        check=args.check,
        repeats=args.repeats,
        passes=args.passes,
        epochs=max(args.epochs, 2),
        rows=args.rows,
        noisy=args.noisy,
    )

"""The command line of `python -m benchmarks boosting`."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from benchmarks.common import count

XGBOOST_SPARK, MLLIB = "xgboost.spark", "mllib"
PEERS = (XGBOOST_SPARK, MLLIB)
SCALE = (4, 16)


@dataclass(frozen=True)
class Options:
    """What to measure, and how often.

    Parameters
    ----------
    check : bool
        Whether a missed goal is a failure.
    repeats : int
        Of everybody but MLlib.
    mllib_repeats : int
        Of MLlib.
    rows : int or None
        About how many training rows; None: all. With `memory`, rows of the shard; None: 2 GB.
    rounds : int
        Boosting rounds.
    skip : tuple of str
        Peers that are not measured.
    scale : tuple of int
        How many times the rows, besides once.
    scale_repeats : int
        Of each of these.
    noisy : bool
        Whether repeats under foreign load count.
    memory : bool
        Measure memory instead.
    """

    check: bool
    repeats: int
    mllib_repeats: int
    rows: int | None
    rounds: int
    skip: tuple[str, ...]
    scale: tuple[int, ...]
    scale_repeats: int
    noisy: bool
    memory: bool


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--check", action="store_true", help="exit 1 when a goal is missed")
    parser.add_argument(
        "--repeats", type=count, default=5, metavar="N", help="of everybody (default 5)"
    )
    parser.add_argument(
        "--mllib-repeats", type=count, default=1, metavar="N", help="of MLlib (default 1)"
    )
    parser.add_argument(
        "--rows", type=count, metavar="N", help="about so many training rows (default: all)"
    )
    parser.add_argument(
        "--rounds",
        type=count,
        metavar="N",
        help="boosting rounds (default 200; with --memory 10)",
    )
    parser.add_argument(
        "--skip",
        nargs="+",
        choices=PEERS,
        default=[],
        metavar="PEER",
        help=f"of {', '.join(PEERS)}",
    )
    parser.add_argument(
        "--scale",
        nargs="*",
        type=count,
        default=SCALE,
        metavar="TIMES",
        help="ours and native with so many times the rows (default 4 16; nothing: none)",
    )
    parser.add_argument(
        "--scale-repeats", type=count, default=1, metavar="N", help="of each (default 1)"
    )
    parser.add_argument(
        "--noisy", action="store_true", help="keep repeats under foreign load, do not wait"
    )
    parser.add_argument(
        "--memory", action="store_true", help="memory with bins on disk and in memory instead"
    )


def read(args: argparse.Namespace) -> Options:
    """The options that were given."""
    return Options(
        check=args.check,
        repeats=args.repeats,
        mllib_repeats=args.mllib_repeats,
        rows=args.rows,
        rounds=args.rounds or (10 if args.memory else 200),
        skip=tuple(args.skip),
        scale=tuple(sorted({times for times in args.scale if times > 1})),
        scale_repeats=args.scale_repeats,
        noisy=args.noisy,
        memory=args.memory,
    )

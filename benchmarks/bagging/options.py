"""The command line of `python -m benchmarks bagging`."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from benchmarks.common import count

SKLEARN, MLLIB = "scikit-learn", "mllib"
PEERS = (SKLEARN, MLLIB)
CURVE = (10, 100, 1000)


@dataclass(frozen=True)
class Options:
    """What to measure, and how often.

    Parameters
    ----------
    check : bool
        Whether a missed goal is a failure.
    repeats : int
        Of ours and of the ideal.
    peers : dict
        How often each peer is measured; those that are skipped are not in it.
    rows : int or None
        About how many training rows; None: all.
    replicas : int
        Trees.
    curve : tuple of int
        Numbers of trees for time and memory; empty: measure against the peers instead.
    """

    check: bool
    repeats: int
    peers: dict[str, int]
    rows: int | None
    replicas: int
    curve: tuple[int, ...]


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--check", action="store_true", help="exit 1 when a goal is missed")
    parser.add_argument(
        "--repeats",
        type=count,
        metavar="N",
        help="of ours and the ideal (default 3; with --curve 1)",
    )
    for peer in PEERS:
        parser.add_argument(
            f"--{peer}-repeats", type=count, default=1, metavar="N", help="of it (default 1)"
        )
    parser.add_argument(
        "--rows", type=count, metavar="N", help="about so many training rows (default: all)"
    )
    parser.add_argument(
        "--replicas", type=count, metavar="N", default=100, help="trees (default 100)"
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
        "--curve",
        nargs="*",
        type=count,
        metavar="TREES",
        help="time and memory against the number of trees instead (default 10 100 1000)",
    )


def read(args: argparse.Namespace) -> Options:
    """The options that were given."""
    curve = () if args.curve is None else tuple(sorted({*(args.curve or CURVE)}))
    times = {peer: getattr(args, f"{peer}_repeats".replace("-", "_")) for peer in PEERS}
    return Options(
        check=args.check,
        repeats=args.repeats or (1 if curve else 3),
        peers={peer: count for peer, count in times.items() if peer not in args.skip},
        rows=args.rows,
        replicas=args.replicas,
        curve=curve,
    )

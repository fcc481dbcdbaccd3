"""`python -m benchmarks [NAME] [OPTIONS]`: run one benchmark, or all with their defaults."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
from typing import NoReturn

from benchmarks.bagging import options as bagging_options
from benchmarks.boosting import options as boosting_options
from benchmarks.deep import options as deep_options
from benchmarks.transfer import options as transfer_options

# What `all` runs, and what it takes to run it.
ALL = (
    ("trainers",),
    ("bagging",),
    ("bagging", "--curve"),
    ("boosting",),
    ("boosting", "--memory"),
    ("deep",),
    ("deep", "--memory"),
    ("deep-accuracy",),
    ("transfer",),
    ("breiman",),
)


def main() -> int:
    signal.signal(signal.SIGTERM, _end)
    args = _parser().parse_args()
    return int(args.run(args))


def _parser() -> argparse.ArgumentParser:
    # Abbreviations would let `--repeat` pass for a benchmark's own option.
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, allow_abbrev=False
    )
    parser.set_defaults(run=_all)
    names = parser.add_subparsers(title="benchmarks", metavar="NAME")
    every = names.add_parser("all", help="every one, with its defaults (this is the default)")
    every.set_defaults(run=_all)
    trainers = names.add_parser("trainers", help="each trainer against training without Spark")
    trainers.add_argument("--repeats", type=int, default=3, help="interleaved (default 3)")
    trainers.set_defaults(run=_trainers)
    bagging = names.add_parser("bagging", help="bagged trees against scikit-learn and MLlib")
    bagging_options.add(bagging)
    bagging.set_defaults(run=_bagging)
    boosting = names.add_parser("boosting", help="boosted trees against XGBoost and others")
    boosting_options.add(boosting)
    boosting.set_defaults(run=_boosting)
    deep = names.add_parser("deep", help="networks against plain MXNet and bare Horovod")
    deep_options.add(deep)
    deep.set_defaults(run=_deep)
    accuracy = names.add_parser("deep-accuracy", help="networks' test accuracy against plain MXNet")
    accuracy.add_argument("--check", action="store_true", help="exit 1 when a goal is missed")
    accuracy.add_argument("--seeds", type=int, default=5, metavar="N", help="of each (default 5)")
    accuracy.set_defaults(run=_accuracy)
    transfer = names.add_parser("transfer", help="a text encoder against transformers and Horovod")
    transfer_options.add(transfer)
    transfer.set_defaults(run=_transfer)
    breiman = names.add_parser("breiman", help="the tables of Breiman's paper")
    breiman.add_argument("--repeats", type=int, help="random divisions (default: the paper's)")
    breiman.set_defaults(run=_breiman)
    return parser


def _trainers(args: argparse.Namespace) -> int:
    from benchmarks import trainers

    return trainers.run(args.repeats)


def _bagging(args: argparse.Namespace) -> int:
    from benchmarks.bagging import measure

    return measure.run(bagging_options.read(args))


def _boosting(args: argparse.Namespace) -> int:
    from benchmarks.boosting import measure

    return measure.run(boosting_options.read(args))


def _deep(args: argparse.Namespace) -> int:
    from benchmarks.deep import measure

    return measure.run(deep_options.read(args))


def _accuracy(args: argparse.Namespace) -> int:
    from benchmarks.deep_accuracy import measure

    return measure.run(args.seeds, is_strict=args.check)


def _transfer(args: argparse.Namespace) -> int:
    from benchmarks.transfer import measure

    return measure.run(transfer_options.read(args))


def _breiman(args: argparse.Namespace) -> int:
    from benchmarks import breiman

    return breiman.run(args.repeats)


def _all(_args: argparse.Namespace) -> int:
    """One after the other, each in a process of its own, with a JVM of its own."""
    codes = [_run_alone(command) for command in ALL]
    return max(codes)


def _run_alone(command: tuple[str, ...]) -> int:
    process = subprocess.Popen([sys.executable, "-m", "benchmarks", *command])
    try:
        return abs(process.wait())
    except BaseException:
        process.terminate()  # it stops its own cluster
        process.wait()
        raise


def _end(_number: int, _frame: object) -> NoReturn:
    """End in order, so that the cluster is stopped."""
    raise SystemExit(143)


if __name__ == "__main__":
    sys.exit(main())

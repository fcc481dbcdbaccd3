"""`python -m benchmarks.text_demo`: what `make demo-text` runs."""

from __future__ import annotations

import argparse
import fcntl
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from benchmarks.common import ROOT, count
from benchmarks.text_demo import demo
from pipeline.errors import EnsemblesError, UserError

SEEDS, ROWS = 3, 1_500


def main() -> int:
    """Run the demo; returns the exit code."""
    signal.signal(signal.SIGTERM, _end)
    args = _parser().parse_args()
    try:
        with hold(args.dir):
            return demo.run(args.dir, args.seeds, args.rows)
    except EnsemblesError as error:
        sys.stderr.write(f"demo-text: error: {error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("demo-text: interrupted; the next run goes on from here\n")
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.text_demo", description=__doc__)
    directory = ROOT / "out" / "demo-text"
    parser.add_argument("--dir", type=Path, default=directory, help="of the report")
    parser.add_argument("--seeds", type=count, default=SEEDS, help=f"how many (default {SEEDS})")
    parser.add_argument(
        "--rows", type=count, default=ROWS, help=f"training rows of a seed (default {ROWS})"
    )
    return parser


@contextmanager
def hold(directory: Path) -> Iterator[None]:
    """Keep other demos out of a directory, which is made where it lacks.

    Raises
    ------
    UserError
        When another one holds it.
    """
    directory.mkdir(parents=True, exist_ok=True)
    lock = os.open(directory, os.O_RDONLY)
    try:
        _lock(lock, directory)
        yield
    finally:
        os.close(lock)


def _lock(lock: int, directory: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UserError(
            f"another demo runs in {directory}; wait for its end, or name another --dir"
        ) from None


def _end(_number: int, _frame: object) -> NoReturn:
    """End in order, so that the cluster is stopped."""
    raise SystemExit(143)


if __name__ == "__main__":
    sys.exit(main())

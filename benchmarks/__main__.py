"""`python -m benchmarks [NAME]`: run one benchmark, or all."""

from __future__ import annotations

import argparse
import sys

from benchmarks import trainers

BENCHMARKS = {"trainers": trainers.run}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", nargs="?", choices=[*BENCHMARKS, "all"], default="all")
    parser.add_argument("--repeats", type=int, default=3, help="interleaved repeats (default 3)")
    args = parser.parse_args()
    for name, run in BENCHMARKS.items():
        if args.name in (name, "all"):
            run(args.repeats)
    return 0


if __name__ == "__main__":
    sys.exit(main())

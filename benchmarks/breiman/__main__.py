"""`python -m benchmarks.breiman`: the tables of Breiman's papers on bagging and arcing."""

from __future__ import annotations

import argparse
import sys

from benchmarks.breiman import run

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.breiman", description=__doc__)
    parser.add_argument("--repeats", type=int, help="repetitions (default: the papers' 100)")
    sys.exit(run(parser.parse_args().repeats))

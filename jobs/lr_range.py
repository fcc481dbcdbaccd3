"""Entry point for spark-submit: see `--help`, and pipeline/cli/lr_range.py."""

import sys

from pipeline.cli.lr_range import TOOL

if __name__ == "__main__":
    sys.exit(TOOL.run())

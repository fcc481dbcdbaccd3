"""Entry point for spark-submit: see `--help`, and pipeline/cli/batch_sweep.py."""

import sys

from pipeline.cli.batch_sweep import TOOL

if __name__ == "__main__":
    sys.exit(TOOL.run())

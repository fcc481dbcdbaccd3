"""Entry point for spark-submit: see `--help`, and pipeline/cli/jobs.py."""

import sys

from pipeline.cli.jobs import boost

if __name__ == "__main__":
    sys.exit(boost())

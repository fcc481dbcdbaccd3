"""The cpu environment, packed by the command for this machine's own Python and glibc."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from pipeline.emr.environment import commands
from pipeline.emr.environment.archive import Archive, read_archive
from pipeline.emr.environment.node import this_machine

# What the node's Python is here: that of this environment, below all virtual ones.
PYTHON = Path(sys.executable).resolve()


def pack_cpu(output: Path) -> Archive:
    """Pack it into a directory."""
    glibc = this_machine().glibc
    assert glibc is not None
    parser = argparse.ArgumentParser()
    commands.add_parser(parser.add_subparsers())
    words = ["env", "pack", "--target", "cpu", "--no-docker", "--output", str(output)]
    words += ["--node-python", str(PYTHON), "--node-glibc", f"{glibc[0]}.{glibc[1]}"]
    args = parser.parse_args(words)
    assert args.handler(args) == 0
    (path,) = output.glob("*.tar.gz")
    return read_archive(path)

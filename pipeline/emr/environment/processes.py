"""Programs that a build runs; the last words of one that fails are in the error."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence

from pipeline.errors import UserError

_TAIL_LINES = 8
# What an activated shell or a pip of another project left would change what is installed, or where.
_DROPPED = ("PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE", "PIP_USER", "PIP_TARGET")


def run(command: Sequence[str], failure: str) -> str:
    """Run a program to its end; what it wrote to stdout.

    Parameters
    ----------
    command : sequence of str
        The program and its arguments.
    failure : str
        What could not be done, should it fail.

    Raises
    ------
    UserError
        When it fails, or is not there.
    """
    try:
        done = subprocess.run(
            command, env=_environment(), capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise UserError(f"{failure}: {command[0]}: {error.strerror}") from error
    if done.returncode != 0:
        said = [line.strip() for line in (done.stdout + done.stderr).splitlines()]
        last = " | ".join([line for line in said if line][-_TAIL_LINES:])
        raise UserError(f"{failure}: {last or f'exit code {done.returncode}'}")
    return done.stdout


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _DROPPED}
    # The order of a set in compiled code follows it.
    return {**kept, "PYTHONHASHSEED": "0"}

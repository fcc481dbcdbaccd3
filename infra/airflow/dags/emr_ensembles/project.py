"""Where the project is whose jobs a DAG runs, and how to ask its Python.

Airflow has an environment of its own. The jobs have the project's `.venv`: its `spark-submit`, its
Spark, its libraries. `EMR_ENSEMBLES_HOME` names the clone; by default it is the one that this file
lies in.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from pipeline.cli.runs.submit import end_with_parent
from pipeline.errors import UserError

HOME_VARIABLE = "EMR_ENSEMBLES_HOME"

_ASKS = Path(__file__).resolve().parent / "in_project"
_PATIENCE_S = 600


def home() -> Path:
    """The project's clone."""
    named = os.environ.get(HOME_VARIABLE)
    return Path(named) if named else Path(__file__).resolve().parents[4]


def program(name: str) -> str:
    """A program of the project's environment: `python`, `spark-submit`, `emr-ensembles`."""
    return str(home() / ".venv" / "bin" / name)


def job_file(job: str) -> str:
    """What is submitted: `jobs/<job>.py`."""
    return str(home() / "jobs" / f"{job}.py")


def placed(path: str) -> str:
    """A path as every process understands it: a relative one lies in the clone; URIs stay."""
    return path if "://" in path else str(home() / path)


def ask(script: str, arguments: Sequence[str], variables: Mapping[str, str]) -> str:
    """Run a script of `in_project/` in the project's environment; returns what it printed.

    Parameters
    ----------
    script : str
        The file's name, without `.py`.
    arguments : sequence of str
        Its arguments.
    variables : mapping of str to str
        What its environment has besides this process's.

    Raises
    ------
    AirflowFailException
        For an error of the user's, which no retry mends.
    AirflowException
        When it fails in another way.
    """
    return run([program("python"), str(_ASKS / f"{script}.py"), *arguments], variables)


def run(command: Sequence[str], variables: Mapping[str, str]) -> str:
    """Run a program of the project's environment to its end; as `ask`, in all else."""
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **variables},
            cwd=home(),
            capture_output=True,
            text=True,
            check=False,
            timeout=_PATIENCE_S,
            preexec_fn=end_with_parent,
        )
    except FileNotFoundError as error:
        raise AirflowFailException(
            f"{error.filename} is missing: run `make setup` in the project's clone, "
            f"or let {HOME_VARIABLE} name it"
        ) from None
    except subprocess.TimeoutExpired as error:
        so_far = (error.stderr or b"").decode(errors="replace").strip()  # bytes, whatever is asked
        said = f"{Path(command[0]).name}: no answer in {_PATIENCE_S} s"
        raise AirflowException("\n".join(filter(None, [so_far, said]))) from None
    if done.returncode == 0:
        return done.stdout
    said = done.stderr.strip() or f"{Path(command[0]).name} ended with code {done.returncode}"
    kind = AirflowFailException if done.returncode == UserError.exit_code else AirflowException
    raise kind(said)

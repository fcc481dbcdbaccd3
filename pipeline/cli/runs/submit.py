"""One job by spark-submit, as a process that ends when it is told to, and with its parent."""

from __future__ import annotations

import ctypes
import os
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from importlib import resources
from pathlib import Path

import pipeline
from pipeline.cli.runs.outcome import INTERRUPTED, TERMINATED, Terminated
from pipeline.errors import UserError

_GRACE_S = 30.0
_POLL_S = 0.1
_PR_SET_PDEATHSIG = 1
# Between fork and exec, in a process with threads, nothing may be loaded any more.
_PRCTL = getattr(ctypes.CDLL(None), "prctl", None)  # not outside of Linux


def submit(
    job: str,
    arguments: Sequence[str],
    *,
    options: Sequence[str],
    environment: Mapping[str, str],
    spark_log: Path,
) -> int:
    """Run a job to its end; returns its exit code.

    The job has a process group of its own: Ctrl-C reaches this process alone, which hands it on
    once and waits until the job has cleaned up.

    Parameters
    ----------
    job : str
        The job's name; `jobs/<job>.py` is submitted.
    arguments : sequence of str
        The job's own.
    options : sequence of str
        spark-submit's.
    environment : mapping of str to str
        The process's whole environment.
    spark_log : Path
        Where Spark's own log goes, of which the terminal shows errors only.

    Raises
    ------
    UserError
        When there is no spark-submit.
    """
    command = ["spark-submit", *options, str(in_clone(f"jobs/{job}.py")), *arguments]
    return run_spark_submit(command, environment=environment, spark_log=spark_log)


def run_spark_submit(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    spark_log: Path,
    output: Path | None = None,
    started: Callable[[subprocess.Popen[bytes]], object] = lambda _: None,
) -> int:
    """Run a whole `spark-submit …` to its end, as `submit` does.

    Parameters
    ----------
    command : sequence of str
        The arguments, the program's name included.
    environment : mapping of str to str
        The process's whole environment.
    spark_log : Path
        Where Spark's own log goes.
    output : Path, optional
        Where else what it writes goes than to this process's own output.
    started : callable
        Gets the process, which `end` ends: in a thread no signal is heard.
    """
    program = shutil.which(command[0], path=environment.get("PATH"))
    if program is None:
        raise UserError("spark-submit is not on PATH; activate the environment that holds pyspark")
    spark_log.parent.mkdir(parents=True, exist_ok=True)
    with (
        resources.as_file(resources.files("pipeline.cli.runs") / "log4j2.properties") as quiet,
        nullcontext() if output is None else output.open("wb") as sink,
    ):
        given = environment.get("SPARK_SUBMIT_OPTS", "")
        # spark-submit takes them apart as a shell does.
        own = shlex.join(
            [f"-Dlog4j2.configurationFile={quiet}", f"-Demr.ensembles.log={spark_log}"]
        )
        process = subprocess.Popen(
            [program, *command[1:]],
            env={**environment, "SPARK_SUBMIT_OPTS": f"{own} {given}".strip()},
            process_group=0,
            preexec_fn=end_with_parent,
            stdout=sink,
            stderr=sink,
        )
        started(process)
        try:
            return _exit_code(process.wait())
        except (KeyboardInterrupt, Terminated) as told:
            is_interrupt = isinstance(told, KeyboardInterrupt)
            end(process, signal.SIGINT if is_interrupt else signal.SIGTERM)
            return INTERRUPTED if is_interrupt else TERMINATED


def in_clone(name: str) -> Path:
    """A file of the repository.

    Raises
    ------
    UserError
        When the package does not lie in a clone of it.
    """
    file = Path(pipeline.__file__).parent.parent / name
    if not file.exists():
        raise UserError(f"{file} is missing: run from a clone of the repository")
    return file


def end(process: subprocess.Popen[bytes], number: int = signal.SIGTERM) -> None:
    """Tell the whole group, wait until all of it has gone, and kill what does not listen.

    The JVM goes first; its Python program may still be cleaning up then.
    """
    until = time.monotonic() + _GRACE_S
    try:
        os.killpg(process.pid, number)
        while time.monotonic() < until:
            process.poll()
            os.killpg(process.pid, 0)
            time.sleep(_POLL_S)
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass  # all of it has gone
    process.wait()


def _exit_code(code: int) -> int:
    """As a shell has it: 128 and the signal's number for a process that was killed."""
    return 128 - code if code < 0 else code


def end_with_parent() -> None:
    """Between fork and exec: a job whose parent is killed must not go on beside the next run."""
    if _PRCTL is not None:
        _PRCTL(_PR_SET_PDEATHSIG, signal.SIGTERM)

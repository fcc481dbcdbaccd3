"""A job's process: its exit code, its log, and that it ends when it is told to."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from pipeline.cli.runs.submit import in_clone, submit
from pipeline.errors import UserError

_TRIES = 200
_CALLS = """
import os, pathlib, signal, sys
from pipeline.cli.entry import end_cleanly_when_told
from pipeline.cli.runs.submit import submit
end_cleanly_when_told()
sys.exit(submit("bag", [], options=[], environment=dict(os.environ),
                spark_log=pathlib.Path(sys.argv[1])))
"""
# Writes its process id, waits, and says on its way out that it cleaned up.
_WAITS = """#!/bin/sh
trap 'echo cleaned > "{place}/cleaned"; exit 130' INT
trap 'echo cleaned > "{place}/cleaned"; exit 143' TERM
echo $$ > "{place}/pid.part" && mv "{place}/pid.part" "{place}/pid"
while :; do sleep 0.05; done
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def script(place: Path, text: str) -> None:
    path = place / "spark-submit"
    path.write_text(text)
    path.chmod(0o755)


def run(place: Path) -> int:
    log = place / "logs" / "bag.spark.log"
    return submit("bag", ["--x"], options=["--y"], environment=dict(os.environ), spark_log=log)


def appears(path: Path) -> str:
    for _ in range(_TRIES):
        if path.exists():
            return path.read_text().strip()
        time.sleep(0.05)
    raise TimeoutError(path)


def ends(pid: int) -> bool:
    for _ in range(_TRIES):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("code", [0, 2, 7])
def test_the_exit_code_is_the_jobs(place: Path, code: int) -> None:
    script(place, f'#!/bin/sh\necho "$@" > "{place}/said"\nexit {code}\n')
    assert run(place) == code
    assert (place / "said").read_text() == f"--y {in_clone('jobs/bag.py')} --x\n"


def test_a_place_with_a_space_is_one_word_for_the_jvm(place: Path) -> None:
    script(place, f'#!/bin/sh\necho "$SPARK_SUBMIT_OPTS" > "{place}/said"\n')
    log = place / "my run" / "bag.log"
    assert submit("bag", [], options=[], environment=dict(os.environ), spark_log=log) == 0
    words = shlex.split((place / "said").read_text())
    assert f"-Demr.ensembles.log={log}" in words


def test_a_killed_job_has_the_code_that_a_shell_gives_it(place: Path) -> None:
    script(place, "#!/bin/sh\nkill -9 $$\n")
    assert run(place) == 137


def test_sparks_own_log_has_a_file(place: Path) -> None:
    script(place, f'#!/bin/sh\necho "$SPARK_SUBMIT_OPTS" > "{place}/said"\n')
    assert run(place) == 0
    assert f"-Demr.ensembles.log={place}/logs/bag.spark.log" in (place / "said").read_text()
    assert (place / "logs").is_dir()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_job_that_is_told_to_end_cleans_up(place: Path, number: int, code: int) -> None:
    script(place, _WAITS.format(place=place))
    with subprocess.Popen([sys.executable, "-c", _CALLS, str(place / "log")]) as process:
        job = int(appears(place / "pid"))
        process.send_signal(number)
        assert process.wait(20) == code
    assert (place / "cleaned").exists()
    assert ends(job)


def test_a_job_ends_with_a_parent_that_is_killed(place: Path) -> None:
    script(place, _WAITS.format(place=place))
    with subprocess.Popen([sys.executable, "-c", _CALLS, str(place / "log")]) as process:
        job = int(appears(place / "pid"))
        process.kill()
    assert ends(job)


def test_what_the_package_alone_does_not_have_is_named() -> None:
    with pytest.raises(UserError, match=r"none.py is missing: run from a clone of the repository"):
        in_clone("jobs/none.py")

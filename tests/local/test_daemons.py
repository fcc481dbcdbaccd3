import dataclasses
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from pipeline.local import daemons
from pipeline.local.state import Daemon

# A child in a process group of its own, as pyspark's daemon makes itself one.
PARENT_OF_GROUP = """
import os, subprocess, sys, time
child = subprocess.Popen(["sleep", "600"], preexec_fn=lambda: os.setpgid(0, 0))
print(child.pid, flush=True)
time.sleep(float(sys.argv[1]))
"""


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Daemon]:
    daemon = daemons.start("Sleeper", ["sleep", "600"], os.environ, tmp_path / "sleeper.log")
    yield daemon
    daemons.stop([daemon])


def child_of(daemon: Daemon) -> psutil.Process:
    limit = time.monotonic() + 20
    while not (text := Path(daemon.log).read_text()) and time.monotonic() < limit:
        time.sleep(0.05)
    return psutil.Process(int(text))


def test_it_lives_in_a_session_of_its_own(sleeper: Daemon) -> None:
    assert daemons.is_alive(sleeper)
    assert os.getsid(sleeper.pid) == sleeper.pid != os.getsid(0)


def test_stopping_ends_it_and_says_so(sleeper: Daemon) -> None:
    assert daemons.stop([sleeper])
    assert not daemons.is_alive(sleeper)
    assert not daemons.stop([sleeper])


def test_a_process_that_has_the_same_pid_by_chance_is_left_alone(sleeper: Daemon) -> None:
    stale = dataclasses.replace(sleeper, began=sleeper.began - 3600)
    assert not daemons.is_alive(stale)
    assert not daemons.stop([stale])
    assert daemons.is_alive(sleeper)


def test_stopping_ends_children_in_other_process_groups(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT_OF_GROUP, "600"]
    daemon = daemons.start("Parent", command, os.environ, tmp_path / "parent.log")
    child = child_of(daemon)
    daemons.stop([daemon])
    assert not child.is_running()


def test_stopping_ends_children_of_a_daemon_that_died(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT_OF_GROUP, "0"]
    daemon = daemons.start("Parent", command, os.environ, tmp_path / "parent.log")
    child = child_of(daemon)
    psutil.Process(daemon.pid).wait(timeout=20)
    assert child.is_running()
    assert daemons.stop([daemon])
    assert not child.is_running()


def test_one_that_ignores_sigterm_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemons, "_TERM_PATIENCE_S", 0.5)
    command = ["sh", "-c", "trap '' TERM; echo $$; while :; do sleep 1; done"]
    daemon = daemons.start("Stubborn", command, os.environ, tmp_path / "stubborn.log")
    child_of(daemon)
    daemons.stop([daemon])
    assert not daemons.is_alive(daemon)


def test_a_dead_one_is_not_alive(sleeper: Daemon) -> None:
    os.kill(sleeper.pid, signal.SIGKILL)
    psutil.Process(sleeper.pid).wait(timeout=20)
    assert not daemons.is_alive(sleeper)


def test_a_failure_names_the_log_and_shows_its_end(tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    frames = "\tat java.lang.Thread.run\n" * 30
    log.write_text("".join(f"line {number}\n" for number in range(100)) + frames)
    error = daemons.failure(Daemon("Worker 3", 1, 0.0, str(log)), "ended")
    assert f"the Worker 3 ended; the end of {log}" in str(error)
    assert "line 99" in str(error)
    assert "line 50\n" not in str(error)

"""Where bars are drawn."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from collections.abc import Iterator

import pytest

from pipeline.progress import terminal
from pipeline.progress.terminal import shows_log_lines

# What spark-submit's JVM is to its Python program: a parent with the terminal, and a pipe between.
PARENT = """
import os, subprocess, sys
child = subprocess.run([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True)
open(sys.argv[2], "w").write(child.stdout)
"""
CHILD = """
from pipeline.progress.terminal import shows_log_lines, terminal
found = terminal()
if found is not None:
    found.write("drawn here")
    found.flush()
print(found is not None, shows_log_lines())
"""


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EMR_ENSEMBLES_PROGRESS", "NO_BARS", "PYSPARK_GATEWAY_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def on_screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """This process's stderr, as a terminal; not a fixture, since pytest sets stderr after those."""
    found = Screen()
    monkeypatch.setattr(sys, "stderr", found)
    return found


def test_a_terminal_is_drawn_on(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = on_screen(monkeypatch)
    assert terminal() is screen
    assert shows_log_lines()


@pytest.mark.parametrize(
    ("name", "value"), [("TERM", "dumb"), ("NO_BARS", "1"), ("EMR_ENSEMBLES_PROGRESS", "plain")]
)
def test_bars_can_be_switched_off(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    on_screen(monkeypatch)
    monkeypatch.setenv(name, value)
    assert terminal() is None


def test_a_pipe_or_a_file_is_not_drawn_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert terminal() is None
    assert not shows_log_lines()
    monkeypatch.setenv("EMR_ENSEMBLES_PROGRESS", "bars")
    assert terminal() is sys.stderr


@pytest.fixture
def pair() -> Iterator[tuple[int, int]]:
    controller, screen = pty.openpty()
    yield controller, screen
    os.close(controller)
    os.close(screen)


@pytest.mark.parametrize(
    ("streams", "submitted", "expected"),
    [
        (("out", "err"), True, "True True"),
        (("out",), True, "True True"),
        (("err",), True, "True False"),  # as with > log.txt, which the log lines belong to
        ((), True, "False False"),
        (("out", "err"), False, "False False"),
    ],
)
def test_a_submitted_job_draws_on_the_terminal_of_spark_submit(
    pair: tuple[int, int],
    tmp_path: os.PathLike[str],
    streams: tuple[str, ...],
    submitted: bool,
    expected: str,
) -> None:
    told = os.path.join(tmp_path, "told")
    environment = {**os.environ, **({"PYSPARK_GATEWAY_PORT": "1"} if submitted else {})}
    subprocess.run(
        [sys.executable, "-c", PARENT, CHILD, told],
        stdin=subprocess.DEVNULL,
        stdout=pair[1] if "out" in streams else subprocess.PIPE,
        stderr=pair[1] if "err" in streams else subprocess.PIPE,
        env=environment,
        check=True,
        timeout=60,
    )
    with open(told) as answer:
        assert answer.read().strip() == expected
    if expected.startswith("True"):
        assert os.read(pair[0], 100) == b"drawn here"

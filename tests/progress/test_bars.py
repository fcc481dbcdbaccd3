"""Bars on a real pseudo terminal, read back as a terminal shows them."""

from __future__ import annotations

import fcntl
import logging
import os
import pty
import re
import struct
import sys
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

import pytest

from pipeline.progress import Bars, Step, bars, reporting, track

COLUMNS = 100


class Screen:
    """A terminal, and all that was written to it."""

    def __init__(self) -> None:
        self._controller, screen = pty.openpty()
        fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
        self.stream: TextIO = os.fdopen(screen, "w", buffering=1, encoding="utf-8")
        self._raw = b""
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            while part := os.read(self._controller, 65536):
                self._raw += part
        except OSError:
            return  # closed

    def close(self) -> None:
        if not self.stream.closed:
            self.stream.close()
        self._thread.join(10)
        os.close(self._controller)

    @property
    def raw(self) -> str:
        time.sleep(0.1)  # for what is on its way
        return self._raw.decode()

    @property
    def lines(self) -> list[str]:
        """What a person sees: carriage returns and cursor movements done."""
        rows, row, column = [""], 0, 0
        for token in re.findall(r"\x1b\[A|\r|\n|[^\x1b\r\n]+", self.raw):
            if token == "\x1b[A":
                row -= 1
            elif token == "\r":
                column = 0
            elif token == "\n":
                row += 1
                rows += [""] * (row + 1 - len(rows))
            else:
                before = rows[row].ljust(column)
                rows[row] = before[:column] + token + before[column + len(token) :]
                column += len(token)
        return [line.rstrip() for line in rows if line.strip()]


@pytest.fixture
def screen() -> Iterator[Screen]:
    found = Screen()
    yield found
    found.close()


@contextmanager
def console(stream: TextIO) -> Iterator[logging.Logger]:
    """A logger of the package whose lines go to that stream, as a job's go to stderr."""
    root = logging.getLogger()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("12:00:00 %(message)s"))
    root.addHandler(handler)
    found = logging.getLogger("pipeline.sample")
    found.setLevel(logging.INFO)
    try:
        yield found
    finally:
        root.removeHandler(handler)


def pause() -> None:
    """Long enough for the next step to be drawn."""
    time.sleep(bars._EVERY_S + 0.02)


def test_a_bar_redraws_in_place_with_the_metric_and_the_time_left(screen: Screen) -> None:
    with reporting(Bars(screen.stream)), track("boosting", "round", 10) as tracker:
        for number in range(1, 6):
            pause()
            tracker.step(number, **{"train.auc": 0.9, "validation.auc": 0.5 + number / 100})
        (line,) = screen.lines
        assert re.fullmatch(
            r"boosting:  50%\|█+ +\| 5/10 rounds \[00:00, 00:00 left, validation.auc 0.5500\]", line
        )
        assert len(line) <= COLUMNS
    assert screen.raw.count("\n") == 1
    assert screen.raw.count("\r") >= 5
    assert len(screen.lines) == 1


def test_the_time_left_follows_from_the_pace(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = Bars(screen.stream)
    sink(Step("deep", "epoch", 0, 10, {}, at=0))
    sink._bars["deep"]._bar.start_t -= 60  # a minute ago
    pause()
    sink(Step("deep", "epoch", 4, 10, {}, at=0))
    assert "4/10 epochs [01:00, 01:30 left]" in screen.lines[-1]
    sink.close()


def test_fast_steps_are_not_drawn_one_by_one(screen: Screen) -> None:
    with reporting(Bars(screen.stream)), track("boosting", "round", 5000) as tracker:
        for number in range(1, 5001):
            tracker.step(number, auc=0.5)
    assert screen.raw.count("\r") < 100
    assert "5000/5000 rounds" in screen.lines[-1]
    assert len(screen.lines) == 1


def test_a_log_line_stands_above_the_bar_and_does_not_tear_it(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", screen.stream)
    with console(screen.stream) as logger:
        logger.info("before")
        with reporting(Bars(screen.stream)), track("deep", "epoch", 3) as tracker:
            tracker.step(1, loss=0.25)
            logger.info("rank 0 of 2 on host-a")
            pause()
            tracker.step(2, loss=0.125)
            logger.info("rank 1 of 2 on host-b")
        logger.info("after")
    assert [line.partition("%")[0] for line in screen.lines] == [
        "12:00:00 before",
        "12:00:00 rank 0 of 2 on host-a",
        "12:00:00 rank 1 of 2 on host-b",
        "deep:  67",
        "12:00:00 after",
    ]


def test_log_lines_that_go_elsewhere_go_on_there(screen: Screen) -> None:
    other = Screen()
    with console(other.stream) as logger:
        sink = Bars(screen.stream, takes_log_lines=False)
        with reporting(sink), track("deep", "epoch", 3) as tracker:
            tracker.step(1)
            logger.info("for the log")
    assert other.lines == ["12:00:00 for the log"]
    assert "for the log" not in screen.raw
    other.close()


def test_several_tasks_have_a_bar_each(screen: Screen) -> None:
    with (
        reporting(Bars(screen.stream)),
        track("bagging", "replica", 4) as one,
        track("boosting", "round", 5) as two,
    ):
        for number in (1, 2):
            pause()
            one.step(number)
            two.step(number)
        assert [line.partition("[")[0].split("|")[-1].strip() for line in screen.lines] == [
            "2/4 replicas",
            "2/5 rounds",
        ]


def test_an_unknown_total_is_no_bar(screen: Screen) -> None:
    with reporting(Bars(screen.stream)), track("reading", "file") as tracker:
        tracker.step(3, rows=12_000)
    (line,) = screen.lines
    assert re.fullmatch(r"reading: 3 files \[00:00, rows 12,000\]", line)


def test_a_task_that_starts_again_gets_a_new_bar(screen: Screen) -> None:
    with reporting(Bars(screen.stream)), track("boosting", "round", 9) as tracker:
        for number in (1, 5, 1, 2):
            pause()
            tracker.step(number)
    assert [line.partition(" [")[0].split("|")[-1] for line in screen.lines] == [
        " 5/9 rounds",
        " 2/9 rounds",
    ]


def test_time_passes_on_a_bar_that_waits(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bars, "_TICK_S", 0.05)
    with reporting(Bars(screen.stream)), track("deep", "epoch", 9) as tracker:
        tracker.step(1)
        drawn = screen.raw.count("deep")
        time.sleep(0.5)
        assert screen.raw.count("deep") > drawn


def test_a_terminal_that_is_gone_ends_nothing(
    screen: Screen, caplog: pytest.LogCaptureFixture
) -> None:
    with reporting(Bars(screen.stream)), track("deep", "epoch", 9) as tracker:
        tracker.step(1)
        screen.stream.close()
        pause()
        tracker.step(2)
        logging.getLogger("pipeline.sample").warning("still here")
    assert "still here" in caplog.messages

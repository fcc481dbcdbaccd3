import sys

import pytest

from pipeline.cli.runs.outcome import Terminated, explain
from pipeline.errors import ConfigError, DataError, GangLostError, GangWorkerError, StoreError


@pytest.mark.parametrize(
    ("error", "name", "code", "message"),
    [
        (DataError("column y is null"), "failed", 2, "column y is null"),
        (ConfigError(["a: wrong", "b: wrong"]), "failed", 2, "a: wrong\nb: wrong"),
        (StoreError("the disk is full"), "failed", 1, "the disk is full"),
        (GangLostError("all attempts were lost"), "failed", 1, "all attempts were lost"),
        (KeyboardInterrupt(), "interrupted", 130, "interrupted"),
        (Terminated(), "interrupted", 143, "terminated"),
        (SystemExit(2), "failed", 2, "exit code 2"),
        (SystemExit(0), "success", 0, ""),
        (ValueError("a bug"), "failed", 1, "ValueError: a bug"),
        (ZeroDivisionError(), "failed", 1, "ZeroDivisionError"),
    ],
)
def test_an_error_has_a_name_a_code_and_a_message(
    error: BaseException, name: str, code: int, message: str
) -> None:
    outcome = explain(error)
    assert (outcome.name, outcome.exit_code, outcome.message) == (name, code, message)


def test_a_workers_traceback_is_for_the_log() -> None:
    text = "deep-1: rank 1 raised KeyError: 'x'\nTraceback (most recent call last):\n  File …"
    assert explain(GangWorkerError(text)).message == "deep-1: rank 1 raised KeyError: 'x'"


def test_an_error_is_explained_where_there_is_no_spark(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pyspark", "pipeline.spark.causes"):
        monkeypatch.setitem(sys.modules, name, None)  # importing it raises ImportError
    assert explain(ValueError("a bug")).message == "ValueError: a bug"
    assert explain(ZeroDivisionError()).message == "ZeroDivisionError"
    assert explain(DataError("column y is null")).exit_code == 2

import logging
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli.runs.logs import log_file, log_path, set_up_logging
from pipeline.store.runs import RunPlace


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Handlers as in a new process, on the stderr of now."""
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    set_up_logging()


def ours() -> list[Any]:
    """The handlers that are not pytest's."""
    return [each for each in logging.getLogger().handlers if hasattr(each, "_is_ours")]


@pytest.mark.usefixtures("fresh")
def test_the_terminal_is_spared_what_the_file_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (console,) = ours()
    monkeypatch.setattr(console, "stream", sys.stderr)
    with log_file(tmp_path / "logs" / "bag.log"):
        logging.getLogger("pipeline.x").info("own line")
        logging.getLogger("pipeline.x").debug("own detail")
        logging.getLogger("botocore").info("library detail")
        logging.getLogger("botocore").warning("library warning")
        place = ("root", logging.ERROR, "/lib/py4j/clientserver.py", 1)
        logging.getLogger().handle(logging.LogRecord(*place, "the JVM is gone", (), None))
    logging.getLogger("pipeline.x").info("after")
    said = [line.split(" ", 1)[1] for line in capsys.readouterr().err.splitlines()]
    assert said == ["own line", "library warning", "after"]
    written = (tmp_path / "logs" / "bag.log").read_text()
    for text in ("own line", "own detail", "library detail", "library warning", "JVM is gone"):
        assert text in written
    assert "after" not in written


@pytest.mark.usefixtures("fresh")
def test_two_jobs_in_one_process_say_a_line_once() -> None:
    set_up_logging()
    assert len(ours()) == 1


def test_a_log_lies_with_its_record_on_a_disk(tmp_path: Path) -> None:
    place = RunPlace(tmp_path.as_uri(), "r1")
    assert log_path(place, "bag") == tmp_path / "runs" / "r1" / "logs" / "bag.log"


def test_a_log_of_a_remote_output_grows_on_this_disk() -> None:
    found = log_path(RunPlace("s3://bucket/out", "r1"), "bag")
    assert found.parts[-2:] == ("r1", "bag.log")
    assert found.is_absolute()

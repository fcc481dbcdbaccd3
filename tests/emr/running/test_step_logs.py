"""Logs as EMR lays them out, on a disk; on S3 they are read by tests of the commands."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from pipeline.emr.running.step_logs import ClusterLogs, tail

APPLICATION = "application_1700000000000_0004"


@pytest.fixture
def logs(tmp_path: Path) -> ClusterLogs:
    return ClusterLogs(str(tmp_path), "j-1")


def put(uri: str, text: str) -> None:
    path = Path(uri)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode()))


def container(attempt: int, number: int) -> str:
    return f"container_e01_1700000000000_0004_{attempt:02d}_{number:06d}"


def test_only_the_last_lines_are_kept(tmp_path: Path) -> None:
    uri = str(tmp_path / "x.gz")
    put(uri, "".join(f"line {number}\n" for number in range(50_000)))
    found = tail(uri, 2)
    assert found is not None
    assert found.lines == ("line 49998", "line 49999")


def test_a_log_that_is_not_packed_is_read_too(tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_bytes(b"plain\nr\xe9sum\xe9")
    found = tail(str(tmp_path / "x.gz"), 5)
    assert found is not None
    assert found.lines == ("plain", "r\ufffdsum\ufffd")


def test_a_log_that_breaks_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    whole = gzip.compress("".join(f"{number * 7919}\n" for number in range(9_999)).encode())
    (tmp_path / "x.gz").write_bytes(whole[: len(whole) // 2])
    found = tail(str(tmp_path / "x.gz"), 2)
    assert found is not None
    assert found.lines[-1] == "(what follows is damaged)"
    assert found.lines[0].isdecimal()


def test_a_progress_bar_is_shown_as_it_last_was(tmp_path: Path) -> None:
    put(str(tmp_path / "x.gz"), "1%|\r50%|\r100%|done\n")
    found = tail(str(tmp_path / "x.gz"), 2)
    assert found is not None
    assert found.lines == ("100%|done",)


def test_what_has_not_arrived_is_nothing(logs: ClusterLogs) -> None:
    assert tail(logs.of_step("s-1"), 5) is None
    assert logs.application_of("s-1") == ""
    assert logs.driver_tails(APPLICATION, 5) == []
    assert logs.nodes() == []


def test_a_steps_stderr_names_its_application(logs: ClusterLogs) -> None:
    lines = [f"Submitted {APPLICATION}", *(f"INFO line {number}" for number in range(500))]
    put(logs.of_step("s-1"), "\n".join(lines))
    assert logs.application_of("s-1") == APPLICATION


def test_the_last_attempts_driver_is_the_one_that_is_shown(logs: ClusterLogs) -> None:
    for attempt in (1, 2, 10):
        put(logs.of_container(APPLICATION, container(attempt, 1)), f"attempt {attempt}")
    put(logs.of_container(APPLICATION, container(10, 2)), "an executor")
    (found,) = logs.driver_tails(APPLICATION, 5)
    assert found.lines == ("attempt 10",)
    assert logs.executors(APPLICATION) == [container(10, 2)]


def test_an_attempt_without_a_word_gives_way_to_the_one_before(logs: ClusterLogs) -> None:
    put(logs.of_container(APPLICATION, container(1, 1)), "the reason")
    put(logs.of_container(APPLICATION, container(2, 1)), "")
    (found,) = logs.driver_tails(APPLICATION, 5)
    assert found.lines == ("the reason",)


def test_bootstrap_actions_are_in_their_order(logs: ClusterLogs, tmp_path: Path) -> None:
    for action in (1, 2, 10):
        place = tmp_path / "j-1" / "node" / "i-1" / "bootstrap-actions" / str(action)
        put(str(place / "stderr.gz"), "x")
    assert logs.nodes() == ["i-1"]
    actions = [uri.split("/")[-2] for uri in logs.of_bootstrap("i-1")]
    assert actions == ["1", "2", "10"]

from pathlib import Path

import pytest

from pipeline.cli.runs.job_run import JobRun
from pipeline.cli.runs.yarn_attempt import YarnAttempt, yarn_attempt
from pipeline.errors import DataError, FailedBeforeError
from pipeline.store.runs import RunPlace, list_runs, read_run
from tests.cli.runs.made import config_of

APPLICATION = "application_1700000000000_0007"


def container(monkeypatch: pytest.MonkeyPatch, attempt: int) -> None:
    name = f"container_e17_1700000000000_0007_{attempt:02d}_000001"
    monkeypatch.setenv("CONTAINER_ID", name)


@pytest.mark.parametrize("prefix", ["container_", "container_e17_"])
def test_a_driver_in_a_container_knows_its_application_and_attempt(
    prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTAINER_ID", f"{prefix}1700000000000_0007_02_000001")
    assert yarn_attempt() == YarnAttempt(APPLICATION, 2)


def test_a_driver_elsewhere_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONTAINER_ID", raising=False)
    assert yarn_attempt() is None


def test_what_failed_is_not_done_again_by_the_next_attempt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config_of(tmp_path, output=str(tmp_path / "out"))
    container(monkeypatch, 1)
    with pytest.raises(DataError), JobRun("boost", config, None, {}):
        raise DataError("column y is null in 5 rows")
    container(monkeypatch, 2)
    with pytest.raises(FailedBeforeError, match=r"^column y is null in 5 rows$") as raised:
        JobRun("boost", config, None, {}).__enter__()
    assert raised.value.exit_code == 2
    (run_id,) = list_runs(config.output)
    assert run_id == APPLICATION
    part = read_run(RunPlace(config.output, run_id))["jobs"]["boost"]
    assert (part["outcome"], part["number"]) == ("failed", 1)


@pytest.mark.parametrize("raised", [None, KeyboardInterrupt])
def test_what_was_killed_or_ended_is_done_again(
    raised: type[BaseException] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config_of(tmp_path, output=str(tmp_path / "out"))
    container(monkeypatch, 1)
    first = JobRun("boost", config, "run-1", {})
    first.__enter__()
    if raised is not None:
        first.__exit__(raised, raised(), None)
    container(monkeypatch, 2)
    with JobRun("boost", config, "run-1", {}):
        part = read_run(RunPlace(config.output, "run-1"))["jobs"]["boost"]
        assert (part["outcome"], part["number"]) == ("running", 2)


def test_what_is_done_is_not_done_again_by_the_next_attempt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A driver can die after it has said that all is well."""
    config = config_of(tmp_path, output=str(tmp_path / "out"))
    container(monkeypatch, 1)
    assert not JobRun("boost", config, "run-1", {}).is_done
    with JobRun("boost", config, "run-1", {}):
        pass
    container(monkeypatch, 2)
    assert JobRun("boost", config, "run-1", {}).is_done
    assert not JobRun("deep", config, "run-1", {}).is_done


def test_another_application_of_the_same_run_is_not_held_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config_of(tmp_path, output=str(tmp_path / "out"))
    container(monkeypatch, 1)
    with pytest.raises(DataError), JobRun("boost", config, "run-1", {}):
        raise DataError("wrong")
    monkeypatch.setenv("CONTAINER_ID", "container_1700000000000_0008_02_000001")
    with JobRun("boost", config, "run-1", {}):
        pass

"""Records of runs: written at the beginning, after each job, at the end, and read after a death."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from pipeline import files
from pipeline.errors import UserError
from pipeline.store import runs
from pipeline.store.owner import owner
from pipeline.store.runs import RunPlace, list_runs, new_run_id, read_run


def gone() -> dict[str, object]:
    return {**owner(), "pid": 2**22 - 1}


def test_a_record_is_there_from_the_beginning(place: str) -> None:
    run = RunPlace(place, "r1")
    runs.begin(run, {"config": {"seed": 7}})
    record = json.loads(files.read_bytes(f"{place}/runs/r1/run.json"))
    assert record["run"] == "r1"
    assert record["outcome"] == "running"
    assert record["config"] == {"seed": 7}
    assert record["jobs"] == {}


def test_jobs_are_folded_in_the_order_of_their_beginning(place: str) -> None:
    run = RunPlace(place, "r1")
    runs.begin(run, {})
    runs.note_job(run, "prepare", {"outcome": "success", "started": "1", "data_fingerprint": "f"})
    runs.note_job(run, "bag", {"outcome": "failed", "started": "2", "exit_code": 2, "error": "x"})
    runs.end(run, "failed", 2)
    record = json.loads(files.read_bytes(run.record_uri))
    assert list(record["jobs"]) == ["prepare", "bag"]
    assert record["jobs"]["bag"]["error"] == "x"
    assert (record["outcome"], record["exit_code"]) == ("failed", 2)
    assert record["data_fingerprint"] == "f"
    assert record["ended"] >= record["started"]


def test_a_run_that_began_is_not_begun_again(place: str) -> None:
    """Jobs of one run each say that it begins; the first one's facts stand."""
    run = RunPlace(place, "r1")
    runs.begin(run, {"name": "first"})
    runs.note_job(run, "bag", {"outcome": "success"})
    runs.begin(run, {"name": "second"})
    assert read_run(run)["name"] == "first"
    assert list(read_run(run)["jobs"]) == ["bag"]


def test_jobs_side_by_side_do_not_overwrite_each_other(place: str) -> None:
    run = RunPlace(place, "r1")
    runs.begin(run, {})
    names = [f"job{number}" for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda job: runs.note_job(run, job, {"outcome": "success"}), names))
    assert sorted(read_run(run)["jobs"]) == names


def test_a_run_whose_process_is_gone_has_died(place: str) -> None:
    run = RunPlace(place, "r1")
    runs.begin(run, {"owner": gone()})
    runs.note_job(run, "deep", {"outcome": "running", "owner": gone()})
    record = read_run(run)
    assert record["outcome"] == record["jobs"]["deep"]["outcome"] == "died"


def test_a_run_of_this_process_still_runs(place: str) -> None:
    runs.begin(RunPlace(place, "r1"), {})
    assert read_run(RunPlace(place, "r1"))["outcome"] == "running"


def test_a_figure_that_is_no_number_is_null(place: str) -> None:
    run = RunPlace(place, "r1")
    runs.begin(run, {})
    runs.note_job(run, "deep", {"outcome": "success", "metrics": {"auc": [float("nan"), 0.5]}})
    assert read_run(run)["jobs"]["deep"]["metrics"] == {"auc": [None, 0.5]}


def test_runs_are_listed_the_oldest_first(place: str) -> None:
    assert list_runs(place) == []
    for name in ("20260102-000000-aaaa", "20260101-000000-ffff"):
        runs.begin(RunPlace(place, name), {})
    assert list_runs(place) == ["20260101-000000-ffff", "20260102-000000-aaaa"]


def test_an_unknown_run_names_the_last_ones(place: str) -> None:
    runs.begin(RunPlace(place, "r1"), {})
    with pytest.raises(UserError, match="no run r2; the last runs are: r1"):
        read_run(RunPlace(place, "r2"))


def test_a_damaged_record_is_named(place: str) -> None:
    files.write_bytes(f"{place}/runs/r1/run.json", b"{")
    with pytest.raises(UserError, match=r"run.json: the record is damaged .* delete it"):
        read_run(RunPlace(place, "r1"))


@pytest.mark.parametrize("name", ["../up", "", "a/b", ".hidden", "x" * 101])
def test_a_name_that_leaves_the_directory_is_refused(name: str) -> None:
    with pytest.raises(UserError, match="use letters, digits, dots, dashes and underscores"):
        runs.require_run_id(name)


def test_new_names_differ_and_are_names() -> None:
    names = {new_run_id() for _ in range(20)}
    assert len(names) > 15
    assert all(runs.require_run_id(name) for name in names)


def test_a_run_that_outlives_its_process_has_ended_when_all_expected_jobs_have(place: str) -> None:
    run = RunPlace(place, "r1")
    runs.begin(run, {"of": "jobs", "owner": None, "expected": ["prepare", "boost"]})
    assert read_run(run)["outcome"] == "running"
    runs.note_job(run, "prepare", {"outcome": "success", "exit_code": 0})
    assert (read_run(run)["outcome"], read_run(run)["ended"]) == ("running", None)
    runs.note_job(run, "boost", {"outcome": "kept", "exit_code": 0})
    assert read_run(run)["outcome"] == "success"


def test_after_a_failure_no_further_job_is_expected(place: str) -> None:
    run = RunPlace(place, "r1")
    runs.begin(run, {"of": "jobs", "owner": None, "expected": ["prepare", "boost"]})
    runs.note_job(run, "prepare", {"outcome": "failed", "exit_code": 2})
    assert (read_run(run)["outcome"], read_run(run)["exit_code"]) == ("failed", 2)

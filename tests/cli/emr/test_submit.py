"""`emr submit`: what becomes of jobs; moto over HTTP, and a cluster that pretends to work."""

from __future__ import annotations

import pytest

from pipeline import files
from pipeline.cli.output_places import JOBS
from pipeline.emr.steps import tags_in, variable_in
from tests.cli.emr.submitting import TWO, Submitting
from tests.emr.pretended import argument


def test_all_jobs_become_steps_in_their_order_and_are_done(
    asked: Submitting, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    assert asked.submit() == 0
    assert asked.cluster.states == [(job, "COMPLETED") for job in JOBS]
    assert {step.action_on_failure for step in asked.cluster.steps} == {"CANCEL_AND_WAIT"}
    assert {step.jar for step in asked.cluster.steps} == {"command-runner.jar"}
    record = asked.record()
    assert (record["outcome"], record["exit_code"]) == ("success", 0)
    assert list(record["jobs"]) == list(JOBS)
    names = [f"small {job} {record['run']}" for job in JOBS]
    assert [step.name for step in asked.cluster.steps] == names
    assert capsys.readouterr().out == "model  test AUC\n"
    assert (asked.reports / "report.html").is_file()
    assert f"report: {asked.output}/report/report.html" in caplog.text
    step = asked.cluster.steps[0]
    assert f"prepare: step {step.id} is completed after 0 s" in caplog.text


def test_steps_run_the_clusters_environment_and_what_was_staged(asked: Submitting) -> None:
    assert asked.submit("--jobs", "prepare", "--no-wait") == 0
    arguments = asked.cluster.steps[0].args
    python = asked.cluster.record.artifacts.python
    assert variable_in(arguments, "PYSPARK_PYTHON") == python
    assert files.read_bytes(argument(arguments, "--config")) == asked.config.read_bytes()
    assert files.read_bytes(argument(arguments, "--py-files")) == b"zip"
    assert argument(arguments, "--config").startswith(f"{asked.base}/staging/")


def test_what_is_done_is_kept_and_what_depends_on_a_change_is_not(
    asked: Submitting, caplog: pytest.LogCaptureFixture
) -> None:
    jobs = ("--jobs", "prepare", "bag", "boost", "report")
    assert asked.submit(*jobs) == 0
    assert asked.submit(*jobs, "--set", "boosting.eta=0.1") == 0
    second = asked.cluster.steps[4:]
    assert [tags_in(step.args)[2] for step in second] == ["boost", "report"]
    assert "== boost: boosting.eta is 0.1 and was not set" in caplog.text
    assert "== report: boost is done anew" in caplog.text
    kept = {job for job, part in asked.record()["jobs"].items() if part["outcome"] == "kept"}
    assert kept == {"prepare", "bag"}
    assert asked.record()["outcome"] == "success"


def test_where_all_is_done_nothing_is_added(
    asked: Submitting, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ("--jobs", "prepare", "boost", "report")
    assert asked.submit(*more) == 0
    capsys.readouterr()
    assert asked.submit(*more) == 0
    assert len(asked.cluster.steps) == 3
    assert capsys.readouterr().out == "model  test AUC\n"
    assert asked.record()["outcome"] == "success"
    assert asked.submit(*more, "--fresh") == 0
    assert len(asked.cluster.steps) == 6


def test_a_variable_that_the_config_names_reaches_the_jobs(
    asked: Submitting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_ETA", "0.25")
    assert asked.submit(*TWO, "--set", "boosting.eta=${env:MY_ETA}") == 0
    arguments = asked.cluster.steps[1].args
    assert variable_in(arguments, "MY_ETA") == "0.25"
    assert "boosting.eta=${env:MY_ETA}" in arguments


def test_credentials_are_nowhere(
    asked: Submitting,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush-hush")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "hush-too")
    assert asked.submit(*TWO) == 0
    told = [str(capsys.readouterr()), caplog.text]
    told += [" ".join(step.args) for step in asked.cluster.steps]
    told += [
        files.read_bytes(f"{asked.base}/{name}").decode("utf-8", "replace")
        for name in files.names(asked.base)
    ]
    assert len(told) > 10
    assert not any("hush" in text for text in told)

"""`emr submit` repeated: after lost answers, an outage, Ctrl-C, a night; no step is added twice."""

from __future__ import annotations

import os

import pytest

from pipeline import files
from pipeline.cli.emr import submit as submit_command
from tests.cli.emr.submitting import TWO, Submitting
from tests.emr.lossy import Loss, lossy


def interrupt() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("loss", [Loss.DROPPED, Loss.FAILED, Loss.THROTTLED, Loss.UNHEARD])
def test_an_answer_that_is_lost_adds_no_step_twice(
    asked: Submitting, monkeypatch: pytest.MonkeyPatch, loss: Loss
) -> None:
    with lossy(os.environ["AWS_ENDPOINT_URL"]) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL_EMR", proxy.url)
        proxy.lose("AddJobFlowSteps", loss, loss)
        assert asked.submit(*TWO) == 0
        assert proxy.done["AddJobFlowSteps"] == 1
    assert asked.cluster.states == [("prepare", "COMPLETED"), ("boost", "COMPLETED")]


def test_an_outage_of_the_network_is_waited_through(
    asked: Submitting, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with lossy(os.environ["AWS_ENDPOINT_URL"]) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL_EMR", proxy.url)
        asked.cluster.before = [lambda: proxy.lose("DescribeCluster", *[Loss.UNHEARD] * 4)]
        assert asked.submit(*TWO) == 0
    assert caplog.text.count("asking again in") == 4


def test_repeated_while_its_steps_are_there_the_command_follows_them(
    asked: Submitting, caplog: pytest.LogCaptureFixture
) -> None:
    assert asked.submit(*TWO, "--no-wait") == 0
    assert "the same command without --no-wait follows them" in caplog.text
    first = asked.record()
    assert first["outcome"] == "running"
    assert asked.submit(*TWO) == 0
    assert f"run {first['run']}: goes on: the same was asked for before" in caplog.text
    assert asked.cluster.states == [("prepare", "COMPLETED"), ("boost", "COMPLETED")]
    assert asked.record(0) == asked.record()
    assert asked.record()["outcome"] == "success"


def test_on_the_next_day_it_is_still_the_same_run_with_its_date(
    asked: Submitting, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = [*TWO, "--set", f"output={asked.base}/${{date}}"]
    monkeypatch.setattr(submit_command, "today", lambda: "2026-11-28")
    assert asked.submit(*more, "--no-wait") == 0
    monkeypatch.setattr(submit_command, "today", lambda: "2026-11-29")
    assert asked.submit(*more) == 0
    assert asked.cluster.states == [("prepare", "COMPLETED"), ("boost", "COMPLETED")]
    assert files.children(f"{asked.base}/2026-11-28/models") == ["boosting"]
    assert not files.exists(f"{asked.base}/2026-11-29")


def test_after_ctrl_c_steps_go_on_and_are_followed_again(
    asked: Submitting, capsys: pytest.CaptureFixture[str]
) -> None:
    asked.cluster.before = [lambda: None, interrupt]
    assert asked.submit(*TWO) == 130
    said = capsys.readouterr().err
    ids = [step.id for step in asked.cluster.steps]
    assert f"cluster {asked.cluster.id} ({asked.cluster.name}) is running" in said
    assert "ends by itself after 30 minutes idle" in said
    assert "the same command follows them again, and adds none twice" in said
    assert f"--cluster-id {asked.cluster.id} --step-ids {' '.join(ids)}\n" in said
    assert asked.record()["outcome"] == "running"
    assert asked.submit(*TWO) == 0
    assert [step.id for step in asked.cluster.steps] == ids

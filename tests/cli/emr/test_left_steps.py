"""`emr submit` that fails or is interrupted: whether steps go on is told, and recorded."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from pipeline.cli.emr import interrupts
from pipeline.cli.emr.submission import Submission
from pipeline.cli.entry import end_cleanly_when_told
from pipeline.emr import aws
from tests.cli.emr.submitting import SMALL, TWO, Submitting, submitting
from tests.emr.lossy import Loss, Lossy

Said = pytest.CaptureFixture[str]


def interrupt() -> None:
    raise KeyboardInterrupt


def hide_steps(proxy: Lossy) -> None:
    proxy.change("ListSteps", lambda said: {**said, "Steps": []})


def test_credentials_that_expire_while_steps_are_followed_leave_steps_that_are_told(
    asked: Submitting, emr_proxy: Lossy, capsys: Said
) -> None:
    asked.cluster.before = [lambda: emr_proxy.lose("DescribeCluster", Loss.EXPIRED)]
    assert asked.submit(*TWO) == 1
    said = capsys.readouterr().err
    ids = " ".join(step.id for step in asked.cluster.steps)
    assert "the credentials were refused (ExpiredTokenException)" in said
    assert "its steps go on: the same command follows them again" in said
    assert f"--cluster-id {asked.cluster.id} --step-ids {ids}\n" in said
    assert asked.record()["outcome"] == "running"


@pytest.mark.parametrize("loss", [Loss.EXPIRED, Loss.DENIED])
def test_credentials_that_are_refused_at_once_submit_nothing(
    asked: Submitting, emr_proxy: Lossy, capsys: Said, loss: Loss
) -> None:
    emr_proxy.lose("AddJobFlowSteps", loss)
    assert asked.submit(*TWO) == 2
    assert "same command" not in capsys.readouterr().err
    record = asked.record()
    assert (record["outcome"], record["exit_code"]) == ("failed", 2)


@pytest.mark.parametrize("loss", [Loss.LATE, Loss.GARBLED])
def test_an_answer_that_comes_too_late_or_cannot_be_read_adds_no_step_twice(
    asked: Submitting, emr_proxy: Lossy, monkeypatch: pytest.MonkeyPatch, loss: Loss
) -> None:
    monkeypatch.setattr(aws, "READ_TIMEOUT_S", 1.0)
    emr_proxy.lose("AddJobFlowSteps", loss)
    assert asked.submit("--jobs", "prepare", "--no-wait") == 0
    assert [job for job, _ in asked.cluster.states] == ["prepare"]
    assert emr_proxy.done["AddJobFlowSteps"] == 1


def test_after_a_lost_answer_a_list_that_is_denied_does_not_end_the_record_of_steps_that_run(
    asked: Submitting, emr_proxy: Lossy, capsys: Said
) -> None:
    emr_proxy.lose("AddJobFlowSteps", Loss.DROPPED)
    asked.cluster.before = [lambda: emr_proxy.lose("ListSteps", *[Loss.DENIED] * 2)]
    assert asked.submit(*TWO) == 1
    said = capsys.readouterr().err
    assert "whether its steps were added may not be known: if so, the same command" in said
    assert asked.record()["outcome"] == "running"
    assert asked.submit(*TWO) == 0
    assert len(asked.cluster.steps) == 2
    assert asked.record(0) == asked.record()


def test_steps_that_emr_lists_late_are_followed(asked: Submitting, emr_proxy: Lossy) -> None:
    def later() -> None:
        emr_proxy.change("ListSteps", lambda said: said)

    hide_steps(emr_proxy)
    asked.cluster.before = [*[lambda: None] * 4, later]
    assert asked.submit(*TWO) == 0
    assert asked.cluster.states == [("prepare", "COMPLETED"), ("boost", "COMPLETED")]
    assert asked.record()["outcome"] == "success"


def test_ctrl_c_while_steps_are_added_tells_the_cluster_and_that_they_may_be_there(
    asked: Submitting, emr_proxy: Lossy, capsys: Said
) -> None:
    emr_proxy.lose("AddJobFlowSteps", Loss.DROPPED)
    asked.cluster.before = [interrupt]  # before it looks again
    assert asked.submit(*TWO) == 130
    said = capsys.readouterr().err
    assert f"cluster {asked.cluster.id} ({asked.cluster.name}) is running: it costs" in said
    assert "whether its steps were added may not be known: if so, the same command" in said
    assert asked.record()["outcome"] == "running"
    assert asked.submit(*TWO) == 0
    assert len(asked.cluster.steps) == 2


def test_sigterm_while_steps_are_added_ends_the_record_when_there_are_none(
    asked: Submitting, emr_proxy: Lossy, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interrupts, "end_cleanly_when_told", end_cleanly_when_told)
    before = signal.getsignal(signal.SIGTERM)
    emr_proxy.lose("AddJobFlowSteps", Loss.THROTTLED)
    asked.cluster.before = [lambda: signal.raise_signal(signal.SIGTERM)]
    assert asked.submit(*TWO) == 143
    assert f"cluster {asked.cluster.id} ({asked.cluster.name}) is" in capsys.readouterr().err
    record = asked.record()
    assert (record["outcome"], record["exit_code"]) == ("interrupted", 143)
    assert not asked.cluster.steps
    assert signal.getsignal(signal.SIGTERM) is before


def test_ctrl_c_while_code_is_staged_tells_the_cluster(
    asked: Submitting, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stage(_: Submission) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Submission, "stage", stage)
    assert asked.submit(*TWO) == 130
    said = capsys.readouterr().err
    assert f"cluster {asked.cluster.id} ({asked.cluster.name}) is" in said
    assert "may not be known" not in said


def test_a_network_that_is_gone_for_long_is_recorded_when_no_step_came_of_it(
    asked: Submitting, emr_proxy: Lossy, capsys: Said
) -> None:
    emr_proxy.lose("AddJobFlowSteps", *[Loss.UNHEARD] * 5)
    assert asked.submit(*TWO) == 1
    assert "may not be known" in capsys.readouterr().err
    assert asked.record()["outcome"] == "failed"


def test_of_a_later_batch_that_may_have_been_added_it_is_told(
    s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, emr_proxy: Lossy, capsys: Said
) -> None:
    asked = submitting(s3, tmp_path, monkeypatch, at_once=3, spark=SMALL)
    lose = lambda: emr_proxy.lose("AddJobFlowSteps", Loss.DROPPED)  # noqa: E731
    asked.cluster.before = [lambda: None, lose, interrupt]
    assert asked.submit(*TWO) == 130
    assert "whether its steps were added may not be known" in capsys.readouterr().err
    assert asked.cluster.states == [("prepare", "COMPLETED"), ("boost", "PENDING")]
    assert asked.submit(*TWO) == 0
    assert len(asked.cluster.steps) == 2

"""`emr create` when answers get lost, credentials expire, or another does the same meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pipeline import files
from pipeline.emr import aws
from pipeline.emr.clusters.request import RECORD_TAG
from pipeline.emr.running import verdicts
from pipeline.emr.running.api import Emr
from pipeline.emr.running.record import record_of
from pipeline.errors import AccessError
from tests.cli.emr.launching import REGION, Launching
from tests.emr.lossy import Loss

Said = pytest.CaptureFixture[str]


def test_credentials_that_expire_after_the_launch_do_not_say_that_nothing_was_launched(
    launched: Launching, capsys: Said
) -> None:
    launched.proxy.lose("DescribeCluster", Loss.EXPIRED)
    assert launched.create("--unchecked") == 1
    said = capsys.readouterr().err
    assert "the credentials were refused (ExpiredTokenException)" in said
    assert f"cluster {launched.id} may run on: emr-ensembles emr status {launched.id}" in said


def test_verdicts_that_may_not_be_read_leave_a_cluster_that_is_told(
    launched: Launching, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = files.read_bytes

    def denied(uri: str) -> bytes:
        if "/verdicts/" in uri:
            raise AccessError(f"{uri}: cannot be read: access is denied")
        return read(uri)

    monkeypatch.setattr(verdicts.files, "read_bytes", denied)
    assert launched.create("--unchecked") == 1
    said = capsys.readouterr().err
    assert "access is denied" in said
    assert f"cluster {launched.id} may run on" in said


def test_after_a_lost_request_a_list_that_is_denied_does_not_say_that_nothing_was_launched(
    launched: Launching, capsys: Said
) -> None:
    launched.proxy.lose("RunJobFlow", Loss.DROPPED)
    launched.time.events = [lambda: launched.proxy.lose("ListClusters", Loss.DENIED)]
    assert launched.create("--unchecked") == 1
    said = capsys.readouterr().err
    assert "elasticmapreduce:RunJobFlow" in said or "elasticmapreduce:ListClusters" in said
    assert "not allowed" in said
    assert "was created may not be known: repeat the command, which finds it then" in said
    assert len(launched.clusters()) == 1


@pytest.mark.parametrize("loss", [Loss.EXPIRED, Loss.DENIED])
def test_a_request_that_is_refused_launches_nothing_and_says_no_more(
    launched: Launching, capsys: Said, loss: Loss
) -> None:
    launched.proxy.lose("RunJobFlow", loss)
    assert launched.create("--unchecked") == 2
    said = capsys.readouterr().err
    assert "may not be known" not in said
    assert "may run on" not in said


def test_a_request_that_was_never_heard_leaves_no_doubt(launched: Launching, capsys: Said) -> None:
    launched.proxy.lose("RunJobFlow", *[Loss.THROTTLED] * 5)
    assert launched.create("--unchecked") == 1
    assert "may not be known" not in capsys.readouterr().err
    assert launched.clusters() == []


def test_ctrl_c_after_a_lost_request_does_not_say_that_none_runs_while_none_is_listed(
    launched: Launching, capsys: Said
) -> None:
    def interrupt() -> None:
        launched.proxy.change("ListClusters", lambda said: {**said, "Clusters": []})
        raise KeyboardInterrupt

    launched.proxy.lose("RunJobFlow", Loss.DROPPED)
    launched.time.events = [interrupt]
    assert launched.create("--unchecked") == 130
    said = capsys.readouterr().err
    assert "no cluster is running" not in said
    assert "EMR may have heard the request, and does not list it); it may" in said


@pytest.mark.parametrize("loss", [Loss.LATE, Loss.GARBLED])
def test_an_answer_that_comes_too_late_or_cannot_be_read_makes_no_second_cluster(
    launched: Launching, monkeypatch: pytest.MonkeyPatch, loss: Loss
) -> None:
    monkeypatch.setattr(aws, "READ_TIMEOUT_S", 1.0)
    launched.proxy.lose("RunJobFlow", loss)
    assert launched.create("--no-wait", "--unchecked") == 0
    assert len(launched.clusters()) == 1
    assert launched.proxy.asked["RunJobFlow"] == 1


def test_a_list_that_cannot_be_read_is_not_taken_for_an_empty_one(
    launched: Launching, capsys: Said
) -> None:
    assert launched.create("--no-wait", "--unchecked") == 0
    launched.proxy.lose("ListClusters", Loss.GARBLED)
    assert launched.create("--no-wait", "--unchecked") == 1
    assert "an answer that cannot be read" in capsys.readouterr().err
    assert len(launched.clusters()) == 1


def between(launched: Launching, look: int, action: Callable[[], object]) -> None:
    """Do something after a look at the clusters, before its answer arrives."""
    looks = 0

    def change(said: dict[str, Any]) -> dict[str, Any]:
        nonlocal looks
        looks += "Marker" not in said  # a look ends with its last page
        if looks == look and "Marker" not in said:
            action()
        return said

    launched.proxy.change("ListClusters", change)


def test_of_two_who_launch_at_the_same_moment_the_second_ends_its_own_and_takes_the_first(
    launched: Launching, capsys: Said, caplog: pytest.LogCaptureFixture
) -> None:
    codes: list[int] = []
    # Looked at: what is active, other versions, and once more before the request.
    between(launched, 3, lambda: codes.append(launched.create("--no-wait", "--unchecked")))
    assert launched.create("--no-wait", "--unchecked") == 0
    assert codes == [0]
    assert launched.proxy.done["RunJobFlow"] == 2
    [first] = [each for each in launched.clusters() if each.is_active]
    [second] = [each for each in launched.clusters() if not each.is_active]
    assert capsys.readouterr().out == f"{first.id}\n{first.id}\n"
    assert f"ours, {second.id}, is ended again; going on with {first.id}" in caplog.text


def test_whoever_finds_the_cluster_leaves_its_record_as_it_was(
    launched: Launching, caplog: pytest.LogCaptureFixture
) -> None:
    assert launched.create("--no-wait", "--unchecked") == 0
    dearer = ("--set", "prices={g5.2xlarge: 9.0, m6i.xlarge: 9.0}")
    assert launched.create("--no-wait", "--unchecked", *dearer) == 0
    cluster = Emr(REGION).cluster(launched.id)
    assert record_of(cluster).settings.prices["g5.2xlarge"] == 1.5
    assert "it costs at most 3.25 an hour" in caplog.text
    assert launched.emr("stage", *launched.staged(), *dearer) == 0
    assert record_of(cluster).settings.prices["g5.2xlarge"] == 9.0


@pytest.mark.parametrize("content", [None, b"{"])
def test_whoever_finds_the_cluster_writes_a_lost_or_damaged_record_anew(
    launched: Launching, content: bytes | None
) -> None:
    assert launched.create("--no-wait", "--unchecked") == 0
    cluster = Emr(REGION).cluster(launched.id)
    files.delete(cluster.tags[RECORD_TAG])
    if content is not None:
        files.write_bytes(cluster.tags[RECORD_TAG], content)
    assert launched.create("--no-wait") == 0
    assert record_of(cluster).settings.name == launched.name

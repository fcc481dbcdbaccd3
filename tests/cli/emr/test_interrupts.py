from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest

from pipeline.cli.emr.interrupts import left_running, state_when_interrupted
from pipeline.emr.clusters.request import RECORD_TAG
from pipeline.emr.running.record import ClusterRecord, write_record
from pipeline.emr.running.states import Cluster
from pipeline.errors import EnsemblesError
from tests.emr.clusters import samples


@pytest.fixture
def cluster(s3: str) -> Cluster:
    """One that runs and has a record."""
    prices = {"m6i.xlarge": 0.25, "g5.2xlarge": 1.5}
    uri = f"{s3}/{uuid.uuid4().hex}.json"
    write_record(ClusterRecord(samples.cluster(prices=prices), samples.artifacts(), s3), uri)
    return Cluster("j-1", "emr-ensembles-small-0", "RUNNING", tags={RECORD_TAG: uri})


def interrupted(look: Callable[[], Cluster | None]) -> None:
    with pytest.raises(KeyboardInterrupt), state_when_interrupted(look, "small"):
        raise KeyboardInterrupt


def test_what_is_left_running_is_told_with_its_cost_and_how_to_end_it(
    cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    interrupted(lambda: cluster)
    assert capsys.readouterr().err == (
        "\ncluster j-1 (emr-ensembles-small-0) is running: it costs at most 3.25 an hour for "
        "instances (volumes, S3 and network come on top) and ends by itself after 30 minutes idle\n"
        "to end it now: emr-ensembles emr terminate j-1\n"
    )


@pytest.mark.parametrize(
    ("times", "said"),
    [(1, "no cluster is running"), (9, "the cluster, if there is one, runs on: see emr-ensembles")],
)
def test_a_signal_that_comes_again_does_not_make_it_silent(
    capsys: pytest.CaptureFixture[str], times: int, said: str
) -> None:
    left = [KeyboardInterrupt()] * times

    def look() -> Cluster | None:
        if left:
            raise left.pop()
        return None

    interrupted(look)
    assert said in capsys.readouterr().err


def test_before_there_is_a_cluster_it_says_that_none_runs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    interrupted(lambda: None)
    assert capsys.readouterr().err == "\nsmall: no cluster is running\n"


def test_when_nobody_answers_it_says_that_one_may_run(capsys: pytest.CaptureFixture[str]) -> None:
    def look() -> Cluster | None:
        raise EnsemblesError("AWS: no answer")

    interrupted(look)
    said = capsys.readouterr().err
    assert "could not be found out (AWS: no answer); it may: see emr-ensembles emr list" in said


def test_without_an_interrupt_nothing_is_asked_or_said(capsys: pytest.CaptureFixture[str]) -> None:
    def look() -> Cluster | None:
        raise EnsemblesError("asked")

    with state_when_interrupted(look, "small"):
        done = True
    with pytest.raises(ZeroDivisionError), state_when_interrupted(look, "small"):
        raise ZeroDivisionError
    assert done
    assert capsys.readouterr().err == ""


def test_a_cluster_without_a_record_still_tells_how_to_end_it() -> None:
    said = left_running(Cluster("j-1", "theirs", "WAITING"))
    assert "what it costs is not known (cluster j-1 (theirs) has no tag" in said
    assert "emr-ensembles emr terminate j-1" in said


def test_one_that_is_ending_needs_no_ending() -> None:
    assert left_running(Cluster("j-1", "small", "TERMINATING")) == (
        "cluster j-1 (small) is terminating"
    )

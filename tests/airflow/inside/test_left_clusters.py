"""Clusters that a creation has left are ended, or told of."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.errors import EnsemblesError, UserError

THROTTLED = EnsemblesError("throttled")
DENIED = UserError("not allowed")


class _Emr:
    """Two clusters; a clock that waiting moves, and each answer."""

    def __init__(self) -> None:
        self.active = ["j-1", "j-2"]
        self.fails: dict[str, list[EnsemblesError]] = {"j-1": [], "j-2": [], "list": []}
        self.slept: list[float] = []
        self.now = 0.0
        self.answer_s = 0.1

    def clusters(self, states: Any, since: Any = None) -> list[Any]:
        from pipeline.emr.running.states import Cluster

        self._answer("list")
        name = "emr-ensembles-g5-x-0123456789ab"
        return [Cluster(each, name, "WAITING", "", "") for each in self.active]

    def terminate(self, cluster_id: str) -> None:
        self._answer(cluster_id)
        self.active.remove(cluster_id)

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def _answer(self, what: str) -> None:
        self.now += self.answer_s
        if self.fails[what]:
            raise self.fails[what].pop(0)


@pytest.fixture
def emr(monkeypatch: pytest.MonkeyPatch) -> _Emr:
    """EMR, for whoever asks."""
    from emr_ensembles.asked_cluster import AskedCluster

    found = _Emr()
    monkeypatch.setattr("pipeline.emr.running.api.Emr", lambda: found)
    monkeypatch.setattr(AskedCluster, "of", lambda _: SimpleNamespace(name="g5-x"))
    return found


def test_a_callback_asks_again_after_longer_pauses_and_ends_all(emr: _Emr) -> None:
    from emr_ensembles.left_clusters import end_what_is_left

    emr.fails.update({"list": [THROTTLED], "j-1": [THROTTLED, THROTTLED]})
    end_what_is_left({})
    assert emr.active == []
    assert emr.slept == [1, 2, 4]


def test_one_that_cannot_be_ended_keeps_no_other_from_it_and_is_told_with_the_remedy(
    emr: _Emr, caplog: pytest.LogCaptureFixture
) -> None:
    from emr_ensembles.left_clusters import end_what_is_left

    emr.fails["j-1"] = [DENIED]
    end_what_is_left({})
    assert emr.active == ["j-1"]
    assert emr.slept == []
    (line,) = [each.getMessage() for each in caplog.records if each.levelno == logging.ERROR]
    assert line == (
        "cluster j-1 could not be ended and costs until it is: emr-ensembles emr terminate j-1 "
        "(not allowed)"
    )


def test_a_callback_gives_up_before_airflow_ends_it(
    emr: _Emr, caplog: pytest.LogCaptureFixture
) -> None:
    from emr_ensembles.left_clusters import end_what_is_left

    emr.answer_s = 6.0
    emr.fails["list"] = [THROTTLED] * 9
    end_what_is_left({})
    assert emr.now <= 20
    assert "whether a cluster of this DAG run is left is not known" in caplog.text


def test_a_task_ends_what_is_left_with_its_last_try_and_has_time_for_it(emr: _Emr) -> None:
    from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

    from emr_ensembles.left_clusters import ended_with_the_last_try

    def fails(error: Exception, try_number: int) -> list[str]:
        context = {"ti": SimpleNamespace(try_number=try_number, max_tries=5)}
        with pytest.raises(type(error)), ended_with_the_last_try(context):
            raise error
        return list(emr.active)

    assert fails(AirflowException("no room"), 5) == ["j-1", "j-2"]
    assert fails(AirflowSkipException("nothing to do"), 6) == ["j-1", "j-2"]
    emr.fails["j-2"] = [THROTTLED] * 5
    assert fails(AirflowException("no room"), 6) == []
    assert sum(emr.slept) > 100
    emr.active = ["j-3"]
    emr.fails["j-3"] = []
    assert fails(AirflowFailException("a bad key"), 1) == []

"""Steps are added through moto over HTTP, with lists that are late and answers that get lost."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from pipeline.emr import aws
from pipeline.emr.running.adding import add_steps
from pipeline.emr.running.api import Emr
from pipeline.emr.running.once import Heard
from pipeline.errors import EnsemblesError, UserError
from tests.emr.lossy import Loss, Lossy
from tests.emr.nodes import Time


@pytest.fixture
def emr(emr_proxy: Lossy, time: Time) -> Emr:
    return Emr("us-east-1", time.sleep, time.clock)


@pytest.fixture
def cluster(emr: Emr) -> str:
    said = emr.client.run_job_flow(
        Name=f"adding-{uuid.uuid4().hex}",
        ReleaseLabel="emr-7.1.0",
        Instances={"KeepJobFlowAliveWhenNoSteps": True},
    )
    return str(said["JobFlowId"])


def steps(*names: str) -> list[dict[str, Any]]:
    jar = {"Jar": "command-runner.jar", "Args": ["true"]}
    return [{"Name": name, "HadoopJarStep": jar} for name in names]


def listed_late(proxy: Lossy, looks: int) -> None:
    """The next lists of steps are empty."""
    left = [True] * looks

    def change(said: dict[str, Any]) -> dict[str, Any]:
        return {**said, "Steps": []} if left and left.pop() else said

    proxy.change("ListSteps", change)


def test_steps_come_back_in_their_order_and_only_missing_ones_are_added(
    emr: Emr, emr_proxy: Lossy, cluster: str
) -> None:
    [first] = add_steps(emr, cluster, steps("b"))
    found = add_steps(emr, cluster, steps("c", "b", "a"))
    assert [each.name for each in found] == ["c", "b", "a"]
    assert found[1].id == first.id
    assert [each.name for each in emr.steps(cluster)] == ["b", "c", "a"]
    assert {each.id for each in found} == {each.id for each in emr.steps(cluster)}


def test_steps_that_emr_does_not_list_yet_wait_under_the_ids_that_it_gave_them(
    emr: Emr, emr_proxy: Lossy, cluster: str
) -> None:
    listed_late(emr_proxy, 100)
    found = add_steps(emr, cluster, steps("a", "b"))
    assert {(each.state, each.arguments) for each in found} == {("PENDING", ("true",))}
    emr_proxy.change("ListSteps", lambda said: said)
    assert [each.id for each in emr.steps(cluster)] == [each.id for each in found]


@pytest.mark.parametrize("loss", [Loss.DROPPED, Loss.FAILED, Loss.GARBLED, Loss.LATE])
def test_a_lost_answer_adds_no_step_twice(
    emr: Emr, emr_proxy: Lossy, cluster: str, loss: Loss, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws, "READ_TIMEOUT_S", 1.0)
    emr_proxy.lose("AddJobFlowSteps", loss)
    found = add_steps(emr, cluster, steps("a", "b"))
    assert [each.id for each in emr.steps(cluster)] == [each.id for each in found]
    assert emr_proxy.done["AddJobFlowSteps"] == 1


def test_ids_that_an_answer_lacks_are_looked_up_with_pauses(
    emr: Emr, emr_proxy: Lossy, cluster: str, time: Time
) -> None:
    emr_proxy.change("AddJobFlowSteps", lambda said: {"StepIds": said["StepIds"][:1]})
    listed_late(emr_proxy, 3)
    found = add_steps(emr, cluster, steps("a", "b"))
    assert [each.id for each in emr.steps(cluster)] == [each.id for each in found]
    assert time.slept == [5, 5]


def test_steps_that_are_never_listed_are_told_and_may_be_there(
    emr: Emr, emr_proxy: Lossy, cluster: str
) -> None:
    emr_proxy.change("AddJobFlowSteps", lambda said: {"StepIds": []})
    listed_late(emr_proxy, 100)
    heard = Heard()
    with pytest.raises(EnsemblesError, match="does not list them yet: a; the same command finds"):
        add_steps(emr, cluster, steps("a"), heard)
    assert heard.maybe


@pytest.mark.parametrize("loss", [Loss.DENIED, Loss.EXPIRED])
def test_a_refusal_is_known_not_to_have_added_anything(
    emr: Emr, emr_proxy: Lossy, cluster: str, loss: Loss
) -> None:
    emr_proxy.lose("AddJobFlowSteps", loss)
    heard = Heard()
    with pytest.raises(UserError):
        add_steps(emr, cluster, steps("a"), heard)
    assert not heard.maybe


def test_more_than_256_steps_are_added_in_parts(emr: Emr, emr_proxy: Lossy, cluster: str) -> None:
    names = [f"step-{number}" for number in range(300)]
    found = add_steps(emr, cluster, steps(*names))
    assert [each.name for each in found] == names
    assert len({each.id for each in found}) == 300
    assert emr_proxy.asked["AddJobFlowSteps"] == 2

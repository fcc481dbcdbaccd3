from __future__ import annotations

import datetime

import pytest

from pipeline.emr.running.costs import cost_so_far
from pipeline.emr.running.states import Cluster, Instance

START = datetime.datetime(2026, 11, 29, 8, tzinfo=datetime.UTC)
NOW = START + datetime.timedelta(hours=4)
RUNNING = Cluster("j-1", "name", "RUNNING")


def after(hours: float) -> datetime.datetime:
    return START + datetime.timedelta(hours=hours)


def instance(name: str, hours: float | None = None, **more: object) -> Instance:
    given: dict[str, object] = {
        "market": "ON_DEMAND",
        "state": "RUNNING" if hours is None else "TERMINATED",
        "created": START,
        "ended": None if hours is None else after(hours),
        **more,
    }
    return Instance(id=f"i-{name}", type=name, group="if-1", **given)  # type: ignore[arg-type]


def test_each_instance_costs_from_when_it_was_created_until_it_ended_or_now() -> None:
    instances = [instance("a"), instance("a", 1.5), instance("b", 0.5)]
    found = cost_so_far(RUNNING, instances, {"a": 2.0, "b": 10.0}, NOW)
    by_type = {each.type: (each.instances, each.hours, each.sum) for each in found.types}
    assert by_type == {"a": (2, 5.5, 11.0), "b": (1, 0.5, 5.0)}
    assert found.sum == pytest.approx(16.0)
    assert not found.is_bound


def test_a_missing_price_makes_the_sum_unknown_and_nothing_is_made_up() -> None:
    found = cost_so_far(RUNNING, [instance("a"), instance("b")], {"a": 2.0}, NOW)
    assert found.sum is None
    assert [each.sum for each in found.types] == [8.0, None]


def test_spot_is_a_line_of_its_own_and_makes_the_sum_a_bound() -> None:
    instances = [instance("a"), instance("a", market="SPOT")]
    found = cost_so_far(RUNNING, instances, {"a": 1.0}, NOW)
    assert [(each.market, each.hours) for each in found.types] == [("ON_DEMAND", 4), ("SPOT", 4)]
    assert found.is_bound


def test_a_wish_for_spot_costs_nothing() -> None:
    wish = instance("a", state="AWAITING_FULFILLMENT", market="SPOT")
    assert cost_so_far(RUNNING, [wish], {"a": 1.0}, NOW).types == ()


def test_instances_of_a_cluster_that_has_ended_cost_no_more() -> None:
    ended = Cluster("j-1", "name", "TERMINATED", ended=after(3))
    found = cost_so_far(ended, [instance("a")], {"a": 1.0}, NOW)
    assert found.types[0].hours == 3


@pytest.mark.parametrize("times", [{"created": None}, {"state": "TERMINATED"}])
def test_an_instance_whose_times_are_not_told_makes_the_sum_unknown(
    times: dict[str, object],
) -> None:
    found = cost_so_far(RUNNING, [instance("a"), instance("b", **times)], {"a": 1.0}, NOW)  # type: ignore[arg-type]
    assert found.untimed == ("i-b",)
    assert found.sum is None

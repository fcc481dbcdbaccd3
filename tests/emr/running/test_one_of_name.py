"""Which of two clusters of a name stays; EMR's answers are given by Stubber."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from botocore.stub import Stubber

from pipeline.emr.running.api import Emr
from pipeline.emr.running.one_of_name import older_of_name
from tests.emr.instances.stubbed import client
from tests.emr.nodes import Time


def listed(cluster_id: str, second: int, name: str = "same", state: str = "STARTING") -> Any:
    created = datetime.datetime(2026, 11, 29, 8, 0, second, tzinfo=datetime.UTC)
    status = {"State": state, "Timeline": {"CreationDateTime": created}}
    return {"Id": cluster_id, "Name": name, "Status": status}


def older(time: Time, *lists: list[Any], described: Any = None) -> str | None:
    emr = Emr("eu-west-1", time.sleep, time.clock)
    stub = Stubber(client("emr"))
    for each in lists:
        stub.add_response("list_clusters", {"Clusters": each})
    if described:
        stub.add_response("describe_cluster", {"Cluster": described})
    emr.__dict__["client"] = stub.client
    with stub:
        found = older_of_name(emr, "j-OWN", "same")
    stub.assert_no_pending_responses()
    return None if found is None else found.id


@pytest.mark.parametrize(
    ("others", "first"),
    [
        ([], None),
        ([listed("j-A", 6)], None),
        ([listed("j-A", 4)], "j-A"),
        ([listed("j-A", 4), listed("j-B", 3)], "j-B"),
        ([listed("j-A", 4, "another")], None),
        ([listed("j-A", 5)], "j-A"),  # of the same second the lesser id
        ([listed("j-Z", 5)], None),
    ],
)
def test_the_older_one_stays_and_both_sides_agree(
    time: Time, others: list[Any], first: str | None
) -> None:
    assert older(time, [listed("j-OWN", 5), *others]) == first


def test_a_list_that_is_older_than_the_own_cluster_is_asked_for_again(time: Time) -> None:
    both = [listed("j-OWN", 5), listed("j-A", 4)]
    assert older(time, [], both) == "j-A"
    assert len(time.slept) == 1


def test_one_that_is_never_listed_is_described(time: Time) -> None:
    lists = [[listed("j-A", 4)]] * 4
    assert older(time, *lists, described=listed("j-OWN", 5)) == "j-A"
    ended = listed("j-OWN", 5, state="TERMINATED_WITH_ERRORS")
    assert older(time, *lists, described=ended) is None

from __future__ import annotations

import uuid
from typing import Any

import pytest

from pipeline.emr.clusters.request import request
from pipeline.emr.running.api import Emr
from pipeline.emr.running.find import find_cluster, of_ours
from pipeline.emr.running.states import ACTIVE
from pipeline.errors import UserError
from tests.emr.clusters import samples
from tests.emr.nodes import Time

REGION = "us-east-1"  # moto's EMR knows no other


@pytest.fixture
def emr(s3: str, time: Time) -> Emr:
    return Emr(REGION, time.sleep, time.clock)


@pytest.fixture
def name() -> str:
    return f"find-{uuid.uuid4().hex[:8]}"


def created(emr: Emr, name: str, **changes: Any) -> str:
    made = request(samples.cluster(name=name, **changes), samples.artifacts())
    return str(emr.client.run_job_flow(**made)["JobFlowId"])


def test_a_cluster_is_found_by_its_id_its_name_and_the_name_in_its_file(
    emr: Emr, name: str
) -> None:
    first = created(emr, name)
    full = emr.cluster(first).name
    for text in (first, full, name):
        assert find_cluster(emr, text).id == first
        assert find_cluster(emr, text, active=True).tags  # a described one


def test_of_a_name_the_active_one_is_meant_or_else_the_newest(emr: Emr, name: str) -> None:
    first, second = created(emr, name), created(emr, name, root_volume_gb=50)
    emr.terminate(second)
    assert find_cluster(emr, name).id == first
    emr.terminate(first)
    assert find_cluster(emr, name).id in (first, second)
    with pytest.raises(UserError, match=f"no cluster {name} in {REGION}; the active ones are"):
        find_cluster(emr, name, active=True)


def test_several_active_ones_are_named(emr: Emr, name: str) -> None:
    first, second = created(emr, name), created(emr, name, root_volume_gb=50)
    with pytest.raises(UserError, match="2 such clusters are active") as told:
        find_cluster(emr, name)
    assert first in str(told.value)
    assert second in str(told.value)


def test_one_that_has_ended_will_not_do_where_an_active_one_is_needed(emr: Emr, name: str) -> None:
    first = created(emr, name)
    emr.terminate(first)
    with pytest.raises(UserError, match=rf"cluster {first} .* is terminated"):
        find_cluster(emr, first, active=True)


def test_a_name_that_begins_alike_is_another(emr: Emr, name: str) -> None:
    created(emr, f"{name}-b")
    with pytest.raises(UserError, match=f"no cluster {name} in"):
        find_cluster(emr, name)


def test_a_cluster_of_others_is_found_by_its_id_and_not_listed(emr: Emr) -> None:
    instances = {"KeepJobFlowAliveWhenNoSteps": True}
    other = emr.client.run_job_flow(Name="theirs", Instances=instances, ReleaseLabel="emr-7.1.0")
    found = find_cluster(emr, other["JobFlowId"])
    assert found.name == "theirs"
    assert found.id not in [each.id for each in of_ours(emr, ACTIVE)]
    assert found.id not in [each.id for each in of_ours(emr)]

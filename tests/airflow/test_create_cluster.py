"""`create` in a real Airflow: what it asks of the region before, and what it leaves after."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS

from pipeline.errors import UserError
from tests.airflow.on_emr import PYTHON, OnEmr, airflow_of, on_emr
from tests.emr.lossy import Loss
from tests.emr.pretended import REGION

DAG = "emr_training"
ATTEMPTS = 3  # of botocore, for one question

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not PYTHON.exists(), reason="make .venv-airflow/.made"),
]


@pytest.fixture
def asked(s3: str, airflow_home: Path, tmp_path: Path) -> Iterator[OnEmr]:
    with airflow_of(s3) as proxy:
        yield on_emr(proxy, s3, airflow_home, tmp_path)


@pytest.fixture
def without_g5(monkeypatch: pytest.MonkeyPatch) -> None:
    """A region that offers no g5 type, but for g5.4xlarge."""
    by_region = INSTANCE_TYPE_OFFERINGS["availability-zone"]
    left = [each for each in by_region[REGION] if not _is_gone(each["InstanceType"])]
    assert 0 < len(left) < len(by_region[REGION])
    monkeypatch.setitem(by_region, REGION, left)


def _is_gone(name: str) -> bool:
    return name.startswith("g5.") and name != "g5.4xlarge"


@pytest.mark.usefixtures("without_g5")
def test_types_that_the_region_does_not_offer_are_passed_over_and_a_silent_region_asked_again(
    asked: OnEmr,
) -> None:
    acting = asked.acting
    acting.fails["prepare"] = UserError("far enough")
    acting.proxy.lose("DescribeSubnets", *[Loss.UNHEARD] * ATTEMPTS)
    types = [["g5.2xlarge"], ["g5.4xlarge"]]
    run = asked.run(DAG, conf={"instance_types": types}, AWS_ENDPOINT_URL_EC2=acting.proxy.url)
    assert (run.tasks["create"], run.tries["create"]) == ("success", 2), run.said
    assert acting.types == [["g5.4xlarge"]]
    passed_over = (
        "core nodes of g5.2xlarge are passed over: core: us-east-1 does not offer g5.2xlarge: "
        "choose another region or type"
    )
    assert passed_over in run.said
    assert acting.states == ["TERMINATED"]


@pytest.mark.usefixtures("without_g5")
def test_where_the_region_can_launch_none_of_the_types_nothing_is_asked_for_and_not_tried_again(
    asked: OnEmr,
) -> None:
    run = asked.run(DAG, conf={"instance_types": [["g5.2xlarge"], ["g5.8xlarge"]]})
    assert (run.state, run.tasks["create"], run.tries["create"]) == ("failed", "failed", 1)
    said = run.said.partition("AirflowFailException: ")[2]
    assert said.startswith(
        "core: us-east-1 does not offer g5.2xlarge: choose another region or type\n"
        "core: us-east-1 does not offer g5.8xlarge: choose another region or type\n"
        "nothing was launched"
    ), run.said
    assert asked.acting.proxy.asked["RunJobFlow"] == 0


def test_the_cluster_of_a_creation_that_fails_for_good_is_ended_though_emr_throttles(
    asked: OnEmr,
) -> None:
    proxy = asked.acting.proxy

    def then_denied(said: dict[str, Any]) -> dict[str, Any]:
        """Whoever waits asks on, and sees that it is up; the task itself may not look."""
        proxy.lose("DescribeCluster", *[Loss.DENIED] * 3)
        return said

    proxy.change("DescribeCluster", then_denied)
    proxy.lose("TerminateJobFlows", *[Loss.THROTTLED] * ATTEMPTS)
    run = asked.run(DAG)
    assert (run.state, run.tasks["create"], run.tries["create"]) == ("failed", "failed", 1)
    assert run.tasks["terminate"] != "success"
    assert asked.acting.states == ["TERMINATED"], run.said
    assert proxy.asked["TerminateJobFlows"] == ATTEMPTS + 1
    assert "asking again in 5 s" in run.said

"""Costs of instances that are told in moto's place, which has none."""

from __future__ import annotations

import datetime

import pytest
import yaml

from tests.cli.emr.launching import Launching
from tests.emr.lossy import Loss
from tests.emr.nodes import CREATED


@pytest.fixture
def up(launched: Launching, capsys: pytest.CaptureFixture[str]) -> Launching:
    """A cluster whose instances ran for two hours."""
    assert launched.create("--no-wait", "--unchecked") == 0
    capsys.readouterr()
    for each in launched.nodes.instances:
        end = CREATED + datetime.timedelta(hours=2)
        times = {"CreationDateTime": CREATED, "EndDateTime": end}
        each["Status"] = {"State": "TERMINATED", "Timeline": times}
    return launched


def lines(up: Launching, capsys: pytest.CaptureFixture[str]) -> list[str]:
    assert up.emr("cost", up.name) == 0
    return capsys.readouterr().out.splitlines()


def test_hours_prices_and_sums_are_told_and_what_is_not_in_them(
    up: Launching, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lines(up, capsys) == [
        "type        market     instances  hours  an hour  sum",
        "g5.2xlarge  on_demand  2          4.00   1.50     6.00",
        "m6i.xlarge  on_demand  1          2.00   0.25     0.50",
        "",
        "so far: 6.50",
        "running on: at most 3.25 an hour for instances (volumes, S3 and network come on top)",
        "not in it: volumes (EBS), S3, and what leaves the network",
    ]


def test_a_lost_answer_is_asked_for_again(
    up: Launching, capsys: pytest.CaptureFixture[str]
) -> None:
    up.proxy.lose("ListInstances", Loss.DROPPED, Loss.FAILED)
    assert "so far: 6.50" in lines(up, capsys)


def test_without_a_price_the_sum_is_unknown(
    launched: Launching, up: Launching, capsys: pytest.CaptureFixture[str]
) -> None:
    content = yaml.safe_load(launched.file.read_text())
    del content["prices"]["g5.2xlarge"]
    launched.file.write_text(yaml.safe_dump(content))
    assert launched.emr("stage", *launched.staged()) == 0
    capsys.readouterr()
    said = lines(up, capsys)
    assert "g5.2xlarge  on_demand  2          4.00   unknown  unknown" in said
    assert "so far: unknown; 0.50 for what is known" in said
    assert any("no price for g5.2xlarge: write it there, and emr-ens" in line for line in said)
    assert any("an unknown sum an hour" in line for line in said)


def test_spot_makes_it_a_bound(up: Launching, capsys: pytest.CaptureFixture[str]) -> None:
    up.nodes.instances[1]["Market"] = "SPOT"
    said = lines(up, capsys)
    assert "so far: at most 6.50" in said
    assert "Spot is counted at the On-Demand price" in said


def test_an_instance_without_times_makes_the_sum_unknown(
    up: Launching, capsys: pytest.CaptureFixture[str]
) -> None:
    up.nodes.instances[0]["Status"]["Timeline"] = {}
    said = lines(up, capsys)
    assert "so far: unknown; 6.00 for what is known" in said
    assert "EMR tells no time for i-master0" in said


def test_of_a_cluster_that_has_ended_no_hourly_bound_is_told(
    up: Launching, capsys: pytest.CaptureFixture[str]
) -> None:
    assert up.emr("terminate", up.id) == 0
    assert not any(line.startswith("running on:") for line in lines(up, capsys))

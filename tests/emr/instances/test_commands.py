from __future__ import annotations

import argparse
import json
import subprocess
import sys
from typing import Any

import pytest

from pipeline.emr.instances import commands
from pipeline.emr.instances.catalogue import instance_types
from pipeline.errors import UserError
from tests.emr.instances.stubbed import StubbedRegion


def call(*words: str) -> int:
    parser = argparse.ArgumentParser()
    commands.add_parser(parser.add_subparsers())
    args = parser.parse_args(["instances", *words])
    return int(args.handler(args))


def listed(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    assert call("list", "--json", *words) == 0
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, list)
    return found


def test_list_has_a_line_for_every_type_in_straight_columns(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert call("list") == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(instance_types())
    place = head.index("MXNet")
    assert all(line[place - 1] == " " and line[place] != " " for line in lines)
    [g5] = [line for line in lines if line.startswith("g5.xlarge ")]
    assert g5.split()[1:9] == ["1", "A10G", "22.35", "4", "8.6", "x86_64", "emr-7.0.0", "native"]
    assert g5.endswith("offered")


def test_list_of_a_trainer_has_only_what_it_can_run_on(capsys: pytest.CaptureFixture[str]) -> None:
    deep = {each["type"] for each in listed(capsys, "--trainer", "deep")}
    boost = {each["type"] for each in listed(capsys, "--trainer", "boost")}
    assert "g5.xlarge" in deep & boost
    assert {"p5.48xlarge", "g7.2xlarge"} <= boost - deep
    assert not {"p3.2xlarge", "g5g.xlarge"} & (boost | deep)


def test_list_of_a_release_has_only_what_it_launches(capsys: pytest.CaptureFixture[str]) -> None:
    found = {each["type"] for each in listed(capsys, "--release", "emr-7.2.0")}
    assert {"g4dn.xlarge", "g6.xlarge"} <= found
    assert not {"g6e.xlarge", "g7.2xlarge", "p3.2xlarge"} & found


def test_the_json_of_a_type_has_all_that_a_program_needs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert call("show", "g7.2xlarge", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["gpu_code"] == {"MXNet 1.9.1": "no", "XGBoost 3.2.0": "native"}
    assert found["yarn"]["memory_mb"] == 23_040
    assert found["emr_release"] == "emr-7.12.0"
    assert {name: each["offered"] for name, each in found["trainers"].items()} == {
        "bag": True,
        "boost": True,
        "deep": False,
    }


def test_show_tells_a_type_with_reasons(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("show", "p5.48xlarge") == 0
    said = capsys.readouterr().out
    for told in ("8 x NVIDIA H100, 80 GiB each", "9.0 (sm_90)", "1990656 MiB, 192 vcores"):
        assert told in said
    assert "deep   refused  MXNet 1.9.1 has no code" in said


def test_show_says_a_reason_that_all_trainers_share_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert call("show", "p3.2xlarge") == 0
    said = capsys.readouterr().out
    assert said.count("retired p3") == 1
    assert "bag, boost, deep  refused  EC2 has retired p3" in said


def test_no_cuda_build_runs_on_an_arm_type(capsys: pytest.CaptureFixture[str]) -> None:
    [found] = [each for each in listed(capsys) if each["type"] == "g5g.xlarge"]
    assert set(found["gpu_code"].values()) == {"no"}


@pytest.mark.parametrize("command", [["list"], ["show", "g5.xlarge"], ["check", "g5.xlarge"]])
def test_a_release_that_the_jobs_cannot_run_on_is_refused_at_once(command: list[str]) -> None:
    with pytest.raises(UserError, match=r"--release: emr-6.15.0 has no Python 3.11"):
        call(*command, "--release", "emr-6.15.0")


@pytest.fixture
def region(monkeypatch: pytest.MonkeyPatch) -> StubbedRegion:
    stubbed = StubbedRegion()
    monkeypatch.setattr(commands, "Region", lambda name: stubbed)
    return stubbed


def test_check_ends_with_0_when_all_can_be_launched_by_stubber(
    region: StubbedRegion, capsys: pytest.CaptureFixture[str]
) -> None:
    region.offers(["g5.xlarge"], {"g5.xlarge": ["eu-west-1a"]})
    region.has_quota("L-DB2E81BA", 12)
    assert call("check", "g5.xlarge:2", "g5.xlarge") == 0
    said = capsys.readouterr().out
    assert "3 x g5.xlarge: can be launched" in said
    assert "12 of 12 vCPUs" in said


def test_check_ends_with_2_and_a_reason_when_one_cannot_by_stubber(
    region: StubbedRegion, capsys: pytest.CaptureFixture[str]
) -> None:
    region.offers(["g5.xlarge"], {"g5.xlarge": ["eu-west-1a"]})
    region.has_quota("L-3819A6DF", 4)
    assert call("check", "--spot", "g5.xlarge", "p2.xlarge") == 2
    said = capsys.readouterr().out
    assert "1 x g5.xlarge: can be launched" in said
    assert "1 x p2.xlarge: cannot be launched\n  EC2 has retired p2" in said


@pytest.mark.parametrize("text", ["g5.xlarge:0", "g5.xlarge:", "g5.xlarge:many", "g5.xlarge:-1"])
def test_check_refuses_a_count_that_is_none(text: str) -> None:
    with pytest.raises(UserError, match=r"as in g5.xlarge:4"):
        call("check", text)


def test_the_catalogue_is_read_without_boto3() -> None:
    code = (
        "import sys; from pipeline.emr.instances import commands, catalogue; "
        "catalogue.instance_types(); sys.exit('boto3' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

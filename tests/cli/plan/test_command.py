"""`emr-ensembles plan`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.cli.main import main
from tests.cli.plan.planned import config_file
from tests.emr.clusters.samples import ROOT, VARIABLES

FLIGHTS = str(ROOT / "conf" / "flights.yaml")
G4DN = str(ROOT / "conf" / "clusters" / "g4dn.yaml")
ON_S3 = ("--set", "output=s3://bucket/flights")


@pytest.fixture(autouse=True)
def _variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)


def run(*arguments: str, config: str = FLIGHTS, cluster: str = G4DN) -> int:
    return main(["plan", "--config", config, "--cluster", cluster, *arguments])


def test_help_tells_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["plan", "--help"])
    assert ended.value.code == 0
    told = " ".join(capsys.readouterr().out.split())
    for option in ("--config FILE", "--set KEY=VALUE", "--cluster FILE", "--set-cluster KEY=VALUE"):
        assert option in told
    for option in ("--jobs", "--json"):
        assert option in told


def test_a_plan_that_nothing_stands_against_ends_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*ON_S3) == 0
    told = capsys.readouterr()
    assert told.out.startswith("flights on cluster g4dn (emr-7.14.0)\n")
    assert "problems" not in told.out
    assert told.err == ""


def test_a_plan_with_problems_is_printed_and_ends_with_2(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run() == 2
    told = capsys.readouterr()
    assert "steps\n" in told.out
    assert f"problems\n  output: {(Path.cwd() / 'out/flights').as_uri()}: " in told.out
    assert told.err == ""


def test_what_a_profile_leaves_out_is_left_out_and_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    spot = str(ROOT / "conf" / "clusters" / "bagging-spot.yaml")
    assert run(*ON_S3, cluster=spot) == 0
    told = capsys.readouterr().out
    assert "cluster: trainers: boost and deep not among them (bag), and left out" in told
    assert "  boost  " not in told
    assert run(*ON_S3, "--jobs", "boost", cluster=spot) == 2
    assert "boost must not run on Spot" in capsys.readouterr().out


def test_a_step_that_is_too_long_for_emr_is_told_with_all_else(
    capsys: pytest.CaptureFixture[str],
) -> None:
    long = ("--set", f"spark.spark.x={'x' * 6000}", "--set", "output=hdfs:///user/me")
    assert run(*long) == 2
    told = capsys.readouterr().out
    assert "output: hdfs:///user/me: it must outlive the cluster" in told
    assert "characters, and EMR takes 10,240" in told


def test_json_is_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--json", *ON_S3) == 0
    assert json.loads(capsys.readouterr().out)["problems"] == []
    assert run("--json", "--jobs", "prepare", "boost") == 2
    found = json.loads(capsys.readouterr().out)
    assert found["steps"] == [["prepare"], ["boost"]]
    assert len(found["problems"]) == 1


def test_keys_of_the_cluster_file_can_be_set(capsys: pytest.CaptureFixture[str]) -> None:
    prices = ("--set-cluster", "prices={m6i.xlarge: 0.25, g4dn.2xlarge: 1}")
    assert run("--json", *ON_S3, "--set-cluster", "core.count=2", *prices) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["executors"]["count"] == 2
    assert found["price"] == {"most_per_hour": 2.25, "unknown": []}


def test_what_is_wrong_with_both_files_is_told_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("EMR_ENSEMBLES_SUBNET")
    monkeypatch.delenv("BUCKET", raising=False)
    config = config_file(tmp_path, output="s3://${env:BUCKET}/out", sead=1)
    assert run(config=config) == 2
    told = capsys.readouterr()
    assert told.out == ""
    for sentence in (
        "sead: unknown key; did you mean seed?",
        "output: the environment variable BUCKET is not set",
        f"{G4DN}:",
        "subnets[0]: the environment variable EMR_ENSEMBLES_SUBNET is not set",
    ):
        assert sentence in told.err


def test_a_cluster_file_that_cannot_be_had_is_told_as_the_file_has_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(*ON_S3, "--set-cluster", "core.types=[p5.48xlarge]") == 2
    assert "core.types[0]: p5.48xlarge cannot run deep" in capsys.readouterr().err

"""`emr submit`: what is refused, before anything is sent."""

from __future__ import annotations

import os
from typing import Any

import boto3
import pytest

from pipeline import files
from tests.cli.emr.submitting import TWO, Submitting
from tests.emr.lossy import Loss, lossy


def test_where_another_still_writes_there_nothing_is_added(
    asked: Submitting, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked.submit(*TWO, "--no-wait") == 0
    assert asked.submit(*TWO, "--set", "seed=3") == 2
    said = capsys.readouterr().err
    first, second = asked.cluster.steps
    assert f"step {first.id} ({first.name})" in said
    assert f"--step-ids {first.id} {second.id}" in said
    assert len(asked.cluster.steps) == 2


def test_everything_that_would_fail_is_told_at_once_and_nothing_is_sent(
    asked: Submitting, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_PASSWORD", "hush")
    wrong = ["gang.workers=99", "spark.spark.x=${env:MY_PASSWORD}", "output=/tmp/somewhere"]
    assert asked.submit(*(part for item in wrong for part in ("--set", item))) == 2
    said = capsys.readouterr().err
    for key in ("gang.workers", "MY_PASSWORD", "output: file:///tmp/somewhere"):
        assert key in said
    assert "hush" not in said
    assert not asked.cluster.steps
    assert not files.exists(f"{asked.base}/staging")


def test_output_on_the_clusters_own_disks_is_refused(
    asked: Submitting, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked.submit("--set", "output=hdfs:///user/me") == 2
    assert "it must outlive the cluster" in capsys.readouterr().err


def test_a_step_that_is_too_long_for_emr_is_refused_before_anything_is_sent(
    asked: Submitting, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked.submit("--set", f"spark.spark.x={'x' * 6000}") == 2
    assert "and EMR takes 10,240" in capsys.readouterr().err
    assert not asked.cluster.steps
    assert not files.exists(f"{asked.base}/staging")


def test_a_cluster_that_is_full_of_steps_gets_no_more(
    asked: Submitting, capsys: pytest.CaptureFixture[str]
) -> None:
    step: Any = {"Name": "x", "HadoopJarStep": {"Jar": "command-runner.jar", "Args": ["true"]}}
    boto3.client("emr").add_job_flow_steps(JobFlowId=asked.cluster.id, Steps=[step] * 255)
    assert asked.submit(*TWO) == 2
    assert "255 steps wait and run there, and EMR takes 256" in capsys.readouterr().err
    assert len(asked.cluster.steps) == 255
    assert not files.exists(f"{asked.base}/staging")


def test_a_run_that_never_got_a_step_is_recorded_as_failed(
    asked: Submitting, monkeypatch: pytest.MonkeyPatch
) -> None:
    with lossy(os.environ["AWS_ENDPOINT_URL"]) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL_EMR", proxy.url)
        proxy.lose("AddJobFlowSteps", *[Loss.THROTTLED] * 5)
        assert asked.submit(*TWO) == 1
    assert not asked.cluster.steps
    assert asked.record()["outcome"] == "failed"

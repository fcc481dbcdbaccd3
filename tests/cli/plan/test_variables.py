from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.cli.job_config import FREE_KEYS, JobConfig
from pipeline.cli.plan.plan import Plan, plan
from pipeline.config import read
from tests.cli.plan.planned import config_file, note, planned
from tests.emr.clusters.samples import cluster

S3A = "spark.hadoop.fs.s3a.secret.key"


def read_and_planned(place: Path, *overrides: str, **changes: Any) -> Plan:
    loaded = read(JobConfig, config_file(place, **changes), overrides, FREE_KEYS)
    texts = loaded.document.raw
    return plan(loaded.value, cluster(), overrides=overrides, texts=texts)


def test_variables_that_the_config_names_travel_with_the_jobs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUCKET", "bucket")
    monkeypatch.setenv("REGION", "eu")
    found = read_and_planned(
        tmp_path,
        "scratch=s3://${env:BUCKET}/scratch-${env:REGION}",
        output="s3://${env:BUCKET}/out/${env:NOT_SET:small}/$${env:HOME}",
    )
    assert found.problems == []
    assert found.variables == ("BUCKET", "REGION")


@pytest.mark.parametrize(
    ("variable", "spark"),
    [
        ("AWS_SECRET_ACCESS_KEY", {"spark.hadoop.my.own": "${env:AWS_SECRET_ACCESS_KEY}"}),
        ("MINE", {S3A: "${env:MINE}"}),
        ("MINE", {"spark.executor.extraJavaOptions": "-Dpassword=${env:MINE}"}),
    ],
    ids=["its name", "its key", "the text around it"],
)
def test_a_secret_that_a_step_would_carry_is_told_without_its_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, spark: dict[str, str]
) -> None:
    monkeypatch.setenv(variable, "hush-hush")
    found = read_and_planned(tmp_path, spark=spark)
    assert len(found.problems) == 1
    told = found.problems[0]
    assert told.startswith(f"spark.{next(iter(spark))}: ${{env:{variable}}} is a secret")
    assert "roles.instances" in told
    assert found.variables == ()
    assert "hush-hush" not in " ".join([*found.problems, *found.notes])


def test_a_secret_in_set_is_told_and_hidden(tmp_path: Path) -> None:
    found = read_and_planned(tmp_path, f"spark.{S3A}=hush-hush")
    assert [each.partition(": ")[0] for each in found.problems] == [f"--set spark.{S3A}=********"]
    assert "hush-hush" not in " ".join([*found.problems, *found.notes])


def test_a_secret_in_the_config_itself_reaches_the_jobs_and_is_noted() -> None:
    found = planned(spark={S3A: "hush-hush"})
    assert found.problems == []
    told = note(f"spark: {S3A}", found)
    assert "the jobs take it from their config on S3" in told
    assert "hush-hush" not in told

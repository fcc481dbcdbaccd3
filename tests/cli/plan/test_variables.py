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
        ("DB_PASS", {"spark.hadoop.my.own": "${env:DB_PASS}"}),
        ("API_KEY", {"spark.hadoop.my.own": "${env:API_KEY}"}),
    ],
    ids=["its name", "its key", "the text around it", "a pass", "an API key"],
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


def test_a_secret_in_a_variables_value_is_told_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_OPTS_X", "-Djavax.net.ssl.trustStorePassword=hunter2")
    found = read_and_planned(
        tmp_path, spark={"spark.executor.extraJavaOptions": "-Xss4m ${env:JAVA_OPTS_X}"}
    )
    assert [each.partition(": ${")[0] for each in found.problems] == [
        "spark.spark.executor.extraJavaOptions"
    ]
    assert "${env:JAVA_OPTS_X} is a secret by its value" in found.problems[0]
    assert found.variables == ()
    assert "hunter2" not in " ".join([*found.problems, *found.notes])


def test_a_secret_that_two_variables_make_together_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIND", "pwd")
    monkeypatch.setenv("MINE", "hunter2")
    options = {"spark.executor.extraJavaOptions": "-Dmy.${env:KIND}=${env:MINE}"}
    found = read_and_planned(tmp_path, spark=options)
    assert found.variables == ()
    assert len(found.problems) == 2
    assert all("is a secret by where it stands" in each for each in found.problems)


def test_where_the_shell_stands_is_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PWD", "/home/me")
    found = read_and_planned(tmp_path, spark={"spark.hadoop.my.own": "${env:PWD}"})
    assert (found.problems, found.variables) == ([], ("PWD",))


def test_a_secret_that_set_has_as_a_default_is_told_and_hidden(tmp_path: Path) -> None:
    found = read_and_planned(tmp_path, f"spark.{S3A}=${{env:NOT_SET:hush-hush}}")
    assert [each.partition(": ")[0] for each in found.problems] == [f"--set spark.{S3A}=********"]
    assert "hush-hush" not in " ".join([*found.problems, *found.notes])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("spark.yarn.appMasterEnv.DB_PASS", "hush-hush"),
        ("spark.driver.extraJavaOptions", "-Dmy.password=hush-hush"),
    ],
)
def test_a_secret_that_a_driver_would_lack_when_it_starts_is_told(name: str, value: str) -> None:
    found = planned(spark={name: value})
    assert len(found.problems) == 1
    assert found.problems[0].startswith(f"spark: {name}: a secret: no step carries it")
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

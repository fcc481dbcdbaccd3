"""`emr submit` to moto's EMR, whose steps really run: on the tests' YARN, with S3 at moto."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import boto3
import pyarrow.parquet as pq
import pytest

from pipeline import files
from pipeline.cli.main import main
from pipeline.emr.clusters.request import CLUSTER_TAG, RECORD_TAG
from pipeline.emr.running.record import ClusterRecord, record_uri, write_record
from pipeline.local.hadoop.state import HadoopState
from pipeline.store.runs import RunPlace, list_runs, read_run
from tests.cli.rehearsal.rehearsed import small_config
from tests.emr.clusters.samples import artifacts, cluster
from tests.emr.step_runner import StepRunner

pytestmark = pytest.mark.yarn


def running_cluster(base: str) -> str:
    """A cluster of moto's, as large as the tests' YARN; its name in its cluster file."""
    name = f"tiny-{uuid.uuid4().hex[:6]}"
    settings = cluster(
        name=name,
        core={"types": ["c5.large"], "count": 2},
        cpu_types={"c5.large": {"vcpus": 2, "memory_gib": 5}},
    )
    record = ClusterRecord(settings, artifacts("cpu"), base)
    full_name = f"emr-ensembles-{name}-0123456789ab"
    uri = record_uri(base, full_name)
    write_record(record, uri)
    boto3.client("emr").run_job_flow(
        Name=full_name,
        ReleaseLabel=settings.release,
        Instances={"KeepJobFlowAliveWhenNoSteps": True},
        JobFlowRole="instances",
        ServiceRole="service",
        LogUri=f"{base}/logs/",
        Tags=[{"Key": CLUSTER_TAG, "Value": full_name}, {"Key": RECORD_TAG, "Value": uri}],
    )
    return name


def config_on_s3(directory: Path, base: str, **changes: object) -> tuple[Path, str]:
    output = f"{base}/output"
    file = small_config(
        directory,
        "small",
        output=output,
        source={"kind": "parquet", "uri": f"{base}/table.parquet"},
        **changes,
    )
    files.upload(directory / "table.parquet", f"{base}/table.parquet")
    assert pq.read_table(directory / "table.parquet").num_rows > 0
    return file, output


@pytest.mark.timeout(900)
def test_all_jobs_run_in_order_and_a_second_submit_finds_them_done(
    hadoop: HadoopState, s3: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = f"{s3}/{uuid.uuid4().hex}"
    config, output = config_on_s3(tmp_path, base)
    name = running_cluster(base)
    with StepRunner(hadoop, tmp_path):
        assert main(["emr", "submit", name, "--config", str(config)]) == 0
        record = read_run(RunPlace(output, list_runs(output)[-1]))
        assert record["outcome"] == "success"
        assert list(record["jobs"]) == ["prepare", "bag", "boost", "deep", "score", "report"]
        assert files.exists(f"{output}/report/report.html")
        models = json.loads(files.read_bytes(f"{output}/report/report.json"))["models"]
        assert {"bagging", "boosting", "deep"} <= set(models)
        client = boto3.client("emr")
        (found,) = [each for each in client.list_clusters()["Clusters"] if name in each["Name"]]
        steps = client.list_steps(ClusterId=found["Id"])["Steps"]
        assert [each["Status"]["State"] for each in steps] == ["COMPLETED"] * 6
        capsys.readouterr()
        assert main(["emr", "submit", name, "--config", str(config)]) == 0
        assert len(client.list_steps(ClusterId=found["Id"])["Steps"]) == 6


@pytest.mark.timeout(600)
def test_a_job_that_fails_ends_the_command_with_its_own_code_and_words(
    hadoop: HadoopState, s3: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    base = f"{s3}/{uuid.uuid4().hex}"
    config, output = config_on_s3(tmp_path, base, columns={"label": "nothing"})
    name = running_cluster(base)
    with StepRunner(hadoop, tmp_path):
        assert main(["emr", "submit", name, "--config", str(config)]) == 2
    part = read_run(RunPlace(output, list_runs(output)[-1]))["jobs"]["prepare"]
    said = capfd.readouterr()
    assert part["error"] in said.err + said.out


@pytest.mark.timeout(600)
def test_a_driver_that_could_not_begin_is_explained_by_its_containers_log(
    hadoop: HadoopState, s3: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    base = f"{s3}/{uuid.uuid4().hex}"
    config, _ = config_on_s3(
        tmp_path, base, spark={"spark.yarn.appMasterEnv.PYTHONHOME": "/no/such/home"}
    )
    name = running_cluster(base)
    with StepRunner(hadoop, tmp_path):
        assert main(["emr", "submit", name, "--config", str(config), "--jobs", "prepare"]) == 1
    said = capfd.readouterr()
    assert "/no/such/home" in said.err + said.out

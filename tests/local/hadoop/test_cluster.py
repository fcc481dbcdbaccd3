"""Real daemons of HDFS and YARN: files, applications, GPUs, and nothing left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from pipeline.emr import yarn
from pipeline.errors import UserError
from pipeline.local.hadoop import cluster
from pipeline.local.hadoop.logs import fetch_logs
from pipeline.local.hadoop.state import HadoopState

JOB = """
import sys
from pyspark import BarrierTaskContext, TaskContext
from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
table = spark.read.csv(sys.argv[1], header=True)

def work(_):
    BarrierTaskContext.get().barrier()
    resources = TaskContext.get().resources()
    yield ",".join(resources["gpu"].addresses)

found = spark.sparkContext.parallelize(range(2), 2).barrier().mapPartitions(work).collect()
row = [(table.count(), len(found), min(map(len, found)))]
spark.createDataFrame(row, ["rows", "ranks", "gpus"]).coalesce(1).write.json(sys.argv[2])
"""
EATER = """
import sys, time
from pyspark.sql import SparkSession
from pipeline.spark.causes import first_cause

def eat(_):
    held = bytearray(1_500 * 2**20)
    for place in range(0, len(held), 4_096):
        held[place] = 1
    time.sleep(60)
    yield len(held)

spark = SparkSession.builder.getOrCreate()
try:
    spark.sparkContext.parallelize([1], 1).mapPartitions(eat).collect()
except Exception as error:
    sys.exit("error: " + first_cause(error))
"""


def test_numbers_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    for options in ({"nodes": 0}, {"gpus_per_node": -1}, {"cores_per_node": 0}):
        with pytest.raises(UserError, match="must be at least"):
            cluster.up(tmp_path / "cluster", **options)
    assert not (tmp_path / "cluster").exists()


def test_a_directory_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    with pytest.raises(UserError, match="holds other files"):
        cluster.up(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["mine"]
    assert not cluster.down(tmp_path)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HadoopState]:
    directory = tmp_path_factory.mktemp("hadoop")
    try:
        yield cluster.up(directory, nodes=2, gpus_per_node=1, memory_per_node_mb=3_072)
    except UserError as error:
        pytest.skip(str(error))
    finally:
        cluster.down(directory)


def _put(state: HadoopState, path: str, text: str) -> None:
    url = f"{state.webhdfs}/webhdfs/v1{path}?op=CREATE&overwrite=true&user.name={_user()}"
    request = urllib.request.Request(url, data=text.encode(), method="PUT")
    # The NameNode answers with the DataNode's address.
    opener = urllib.request.build_opener(_Again)
    with opener.open(request, timeout=30) as answer:
        assert answer.status == 201


class _Again(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, req: Any, *_other: Any) -> Any:
        return urllib.request.Request(_other[-1], data=req.data, method="PUT")


def _get(state: HadoopState, path: str, operation: str) -> bytes:
    url = f"{state.webhdfs}/webhdfs/v1{path}?op={operation}&user.name={_user()}"
    with urllib.request.urlopen(url, timeout=30) as answer:
        content: bytes = answer.read()
    return content


def _submitted(
    state: HadoopState, conf: dict[str, str], script: Path, *arguments: str
) -> subprocess.CompletedProcess[str]:
    """An application in cluster mode that ran to its end."""
    settings = [word for pair in conf.items() for word in ("--conf", "=".join(pair))]
    submit = ["spark-submit", "--master", "yarn", "--deploy-mode", "cluster", *settings]
    return subprocess.run(
        [*submit, str(script), *arguments],
        env={**os.environ, **cluster.environment(state)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def _user() -> str:
    return psutil.Process().username()


@pytest.mark.yarn
@pytest.mark.timeout(600)
def test_an_application_in_cluster_mode_reads_hdfs_and_gets_a_gpu_for_each_rank(
    running: HadoopState, tmp_path: Path
) -> None:
    _put(running, "/in.csv", "a\n1\n2\n3\n")
    script = tmp_path / "job.py"
    script.write_text(JOB, encoding="utf-8")
    conf = {
        # On by default, as on EMR; Spark refuses gangs under it.
        "spark.dynamicAllocation.enabled": "false",
        "spark.executor.instances": "2",
        "spark.executor.cores": "1",
        "spark.executor.memory": "512m",
        "spark.driver.memory": "512m",
        "spark.task.resource.gpu.amount": "1",
        "spark.yarn.appMasterEnv.PYSPARK_PYTHON": sys.executable,
        "spark.yarn.maxAppAttempts": "1",
    }
    places = [f"{running.namenode}/in.csv", f"{running.namenode}/out"]
    done = _submitted(running, conf, script, *places)
    assert done.returncode == 0, done.stderr[-3000:]
    listed = json.loads(_get(running, "/out", "LISTSTATUS"))["FileStatuses"]["FileStatus"]
    (name,) = (each["pathSuffix"] for each in listed if each["pathSuffix"].endswith(".json"))
    assert json.loads(_get(running, f"/out/{name}", "OPEN")) == {"rows": 3, "ranks": 2, "gpus": 1}


@pytest.mark.yarn
@pytest.mark.timeout(600)
def test_a_container_beyond_its_memory_is_killed_and_the_error_names_the_setting(
    running: HadoopState, tmp_path: Path
) -> None:
    script = tmp_path / "eat.py"
    script.write_text(EATER, encoding="utf-8")
    conf = {
        "spark.executor.memory": "512m",
        "spark.executor.memoryOverhead": "400m",
        "spark.task.maxFailures": "1",
        "spark.yarn.maxAppAttempts": "1",
        "spark.yarn.appMasterEnv.PYSPARK_PYTHON": sys.executable,
        "spark.yarn.tags": "eater",
    }
    done = _submitted(running, conf, script)
    assert done.returncode != 0
    (application,) = yarn.applications(running.webapp, "eater")
    said = fetch_logs(running, application.id, tmp_path / "containers.log")
    assert said.startswith("YARN killed an executor's container for its memory: it used 1.")
    assert "raise spark.executor.memoryOverhead" in said


@pytest.mark.yarn
@pytest.mark.timeout(300)
def test_a_cluster_is_found_again_and_ends_with_all_its_processes(running: HadoopState) -> None:
    directory = Path(running.directory)
    found = cluster.status(directory)
    assert found is not None
    assert found.ready
    assert not cluster.dead_daemons(found)
    again = cluster.up(directory, nodes=2, gpus_per_node=1, memory_per_node_mb=3_072)
    assert again.daemons == running.daemons
    with pytest.raises(UserError, match="runs there already, of 2 nodes"):
        cluster.up(directory, nodes=1, memory_per_node_mb=3_072)
    assert cluster.down(directory)
    assert not any(psutil.pid_exists(daemon.pid) for daemon in running.daemons)
    assert cluster.status(directory) is None
    assert not cluster.down(directory)

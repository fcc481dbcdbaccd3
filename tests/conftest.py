"""One real Spark cluster, and one session on it, for all tests of a run."""

from __future__ import annotations

import logging
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import NoReturn

import boto3
import pytest
from pyspark.sql import SparkSession

from pipeline.errors import UserError
from pipeline.local.cluster import ClusterState, down, environment, up
from pipeline.local.hadoop import cluster as hadoop_cluster
from pipeline.local.hadoop.jars import hadoop_jars
from pipeline.local.hadoop.state import HadoopState
from pipeline.local.java import find_java

ROOT = Path(__file__).resolve().parent.parent


def pytest_configure() -> None:
    """End as by Ctrl-C when the run is told to end, so that its cluster is stopped."""

    def interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


@pytest.fixture(autouse=True)
def logging_is_set_up_for_one_test() -> Iterator[None]:
    """A command in this process logs to its stderr of the moment, which ends with the test."""
    loggers = [logging.getLogger(name) for name in (None, "pipeline", "py4j")]
    levels = [logger.level for logger in loggers]
    before = set(loggers[0].handlers)
    yield
    for handler in set(loggers[0].handlers) - before:
        if getattr(handler, "_is_ours", False):
            loggers[0].removeHandler(handler)
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterState]:
    """A standalone cluster: two Workers of one core each."""
    directory = tmp_path_factory.mktemp("cluster")
    try:
        yield up(directory, workers=2, cores_per_worker=1, memory_per_worker_mb=1536)
    finally:
        down(directory)


@pytest.fixture(scope="session")
def spark(
    cluster: ClusterState, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SparkSession]:
    """A session that has both Workers to itself; what fails, fails at once."""
    settings = {
        "spark.ui.enabled": "false",
        "spark.executor.memory": "1g",
        "spark.task.maxFailures": "1",
        "spark.sql.shuffle.partitions": "4",
        "spark.scheduler.barrier.maxConcurrentTasksCheck.interval": "1s",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("warehouse")),
        # A function of a test's module travels by name, so executors must find the module.
        "spark.executorEnv.PYTHONPATH": str(ROOT),
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(cluster).items():
            patch.setenv(name, value)
        builder = SparkSession.builder.master(cluster.master_url).appName("tests")
        for name, value in settings.items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
        session.sparkContext.setLogLevel("ERROR")
        try:
            yield session
        finally:
            session.stop()


@pytest.fixture(scope="session")
def hadoop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HadoopState]:
    """HDFS and YARN: two nodes, each of which pretends to have a GPU."""
    try:
        hadoop_jars(str(find_java()))
    except UserError as error:
        pytest.skip(str(error))
    directory = tmp_path_factory.mktemp("hadoop")
    with pytest.MonkeyPatch.context() as patch:
        try:
            state = hadoop_cluster.up(
                directory, nodes=2, gpus_per_node=1, cores_per_node=2, memory_per_node_mb=4_096
            )
            patch.setenv("HADOOP_CONF_DIR", state.configuration)
            yield state
        finally:
            hadoop_cluster.down(directory)


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """A bucket of a moto server, reached over HTTP as S3 is."""
    server_module = pytest.importorskip("moto.server")
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        boto3.client("s3").create_bucket(Bucket="bucket")
        try:
            yield "s3://bucket"
        finally:
            server.stop()


@pytest.fixture(params=["file", "s3", pytest.param("hdfs", marks=pytest.mark.yarn)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty directory on each kind of store."""
    if request.param == "file":
        return tmp_path.as_uri()
    if request.param == "s3":
        base = str(request.getfixturevalue("s3"))
    else:
        base = f"{request.getfixturevalue('hadoop').namenode}/places"
    return f"{base}/{uuid.uuid4().hex}"

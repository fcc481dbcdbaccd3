from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.cli.plan.spark_settings import KERNEL_PORTS
from tests.cli.plan.planned import planned, problem
from tests.emr.clusters.samples import ROOT, cluster

BAG_ONLY = cluster(trainers=["bag"])


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("spark.master", "local[2]", "steps are submitted to YARN in cluster mode"),
        ("spark.submit.deployMode", "client", "steps are submitted to YARN in cluster mode"),
        ("spark.pyspark.python", "/usr/bin/python3", "the environment that nodes have"),
        ("spark.executorEnv.PYSPARK_PYTHON", "python3", "the environment that nodes have"),
        ("spark.yarn.queue", "research", "the queue default alone"),
        ("spark.submit.pyFiles", "s3://bucket/mine.zip", "spark.yarn.dist.pyFiles"),
        ("spark.task.cpus", 8, "executors have 7 cores"),
        ("spark.task.cpus", "some", "not a whole number above 0"),
        ("spark.task.cpus", 0, "not a whole number above 0"),
        ("spark.task.resource.gpu.amount", 2, "executors have 1 GPUs"),
        ("spark.executor.pyspark.memory", "4g", "leave it out"),
        ("spark.emr.ensembles.ports", "many", "is no range of ports"),
        ("spark.emr.ensembles.ports", "50000-50100", "which hands out 32768-60999 on nodes"),
        ("spark.executor.memoryOverhead", "700m", "takes 800 MiB outside of the JVM's heap"),
    ],
)
def test_a_setting_with_which_jobs_would_fail_is_told(name: str, value: object, told: str) -> None:
    said = problem(spark={name: value})
    assert name in said
    assert told in said


@pytest.mark.parametrize(
    "spark",
    [
        {"spark.master": "yarn", "spark.submit.deployMode": "cluster"},
        {"spark.yarn.queue": "default"},
        {"spark.emr.ensembles.ports": "32768-60999"},
        {"spark.task.cpus": 7, "spark.task.resource.gpu.amount": "0.5"},
        {"spark.dynamicAllocation.minExecutors": 9},  # the cluster's gangs turn it off
    ],
)
def test_a_setting_that_does_no_harm_is_no_problem(spark: dict[str, object]) -> None:
    assert planned(spark=spark).problems == []


def test_what_only_gangs_need_is_no_problem_without_one() -> None:
    spark = {"spark.emr.ensembles.ports": "50000-50100", "spark.executor.memoryOverhead": "700m"}
    assert planned(jobs=["prepare", "bag"], spark=spark).problems == []


def test_an_image_may_have_an_interpreter_of_its_own() -> None:
    spark = {"spark.pyspark.python": "/opt/mine/bin/python"}
    assert planned(cluster(image="ami-0123456789abcdef0"), spark=spark).problems == []


def test_more_executors_at_least_than_at_most_are_told_where_they_come_and_go() -> None:
    name = "spark.dynamicAllocation.minExecutors"
    told = problem(BAG_ONLY, ["prepare", "bag", "score"], spark={name: 3})
    assert told.startswith(f"spark: {name}: 3: Spark does not start prepare, score with more than")
    most = {"spark.dynamicAllocation.maxExecutors": 3}
    assert planned(BAG_ONLY, ["prepare"], spark={name: 3, **most}).problems == []


def test_the_kernels_ports_are_those_of_the_bootstrap_action() -> None:
    lines = Path(ROOT, "bootstrap", "ports.conf").read_text()
    first, last = lines.partition("ip_local_port_range = ")[2].split()
    assert (KERNEL_PORTS.first, KERNEL_PORTS.last) == (int(first), int(last))

"""A plan says what the cluster and its steps are really given."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli.output_places import JOBS
from pipeline.cli.plan.plan import Plan, plan
from pipeline.cli.plan.text import as_json
from pipeline.emr.clusters.files import load_cluster
from pipeline.emr.clusters.request import request
from pipeline.emr.clusters.room import layout_of
from pipeline.emr.clusters.rules import has_gpus
from pipeline.emr.clusters.settings import ClusterSettings
from pipeline.emr.steps import Places, step_arguments
from tests.cli.plan.planned import GPUS, config, planned
from tests.emr.clusters.samples import PROFILES, VARIABLES, artifacts, cluster

PLACES = Places("s3://bucket/pipeline.zip", "s3://bucket/jobs", "s3://bucket/job.yaml", "/python")
SMALLER = {
    "spark.executor.instances": 1,
    "spark.executor.cores": 3,
    "spark.executor.memory": "4g",
    "spark.driver.memoryOverhead": "900m",
}


@pytest.fixture(params=PROFILES, ids=lambda file: file.stem)
def profile(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ClusterSettings:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    return load_cluster(request.param)


def test_all_jobs_of_a_profiles_trainers_can_run(profile: ClusterSettings) -> None:
    found = plan(config(), profile, jobs_of(profile), variables={})
    assert found.problems == []
    assert found.layout == layout_of(profile)


def test_the_layout_is_that_of_the_clusters_spark_defaults(profile: ClusterSettings) -> None:
    found = plan(config(), profile, jobs_of(profile), variables={})
    asked = request(profile, artifacts("gpu" if has_gpus(profile) else "cpu"))
    defaults = properties(asked["Configurations"], "spark-defaults")
    for share in found.shares:
        assert numbers(share) == {name: defaults.get(name) for name in numbers(share)}


def test_nodes_are_what_yarn_is_told_of_them(profile: ClusterSettings) -> None:
    found = as_json(plan(config(), profile, jobs_of(profile), variables={}))
    asked = request(profile, artifacts("gpu" if has_gpus(profile) else "cpu"))
    fleets = {fleet["Name"]: fleet for fleet in asked["Instances"]["InstanceFleets"]}
    assert [node["role"] for node in found["nodes"]] == list(fleets)
    for node in found["nodes"]:
        types = fleets[node["role"]]["InstanceTypeConfigs"]
        assert node["types"] == [each["InstanceType"] for each in types]
        if node["role"] == "primary":
            assert node["yarn"] is None
            continue
        sites = [properties(each["Configurations"], "yarn-site") for each in types]
        memory = [int(site["yarn.nodemanager.resource.memory-mb"]) for site in sites]
        cores = [int(site["yarn.nodemanager.resource.cpu-vcores"]) for site in sites]
        assert (node["yarn"]["memory_mb"], node["yarn"]["cores"]) == (min(memory), min(cores))
        has_plugin = all("yarn.nodemanager.resource-plugins" in site for site in sites)
        assert bool(node["yarn"]["gpus"]) == has_plugin


@pytest.mark.parametrize("spark", [{}, SMALLER], ids=["as it is", "with settings"])
def test_each_share_is_what_the_jobs_step_is_given(
    profile: ClusterSettings, spark: dict[str, Any]
) -> None:
    given = config(spark=spark)
    found = plan(given, profile, jobs_of(profile), variables={})
    asked = request(profile, artifacts("gpu" if has_gpus(profile) else "cpu"))
    defaults = properties(asked["Configurations"], "spark-defaults")
    assert found.problems == []
    assert [share.job for share in found.shares] == jobs_of(profile)
    for share in found.shares:
        conf = conf_of(share.job, found)
        assert layout_of(profile).with_settings(conf) == found.layout
        expected = {name: conf.get(name) for name in numbers(share) if name not in spark}
        assert {name: numbers(share)[name] for name in expected} == expected
        # EMR's own default is true.
        effective = {"spark.dynamicAllocation.enabled": "true", **defaults, **conf}
        assert share.is_dynamic == (effective["spark.dynamicAllocation.enabled"] == "true")
        if share.is_dynamic:
            assert conf["spark.dynamicAllocation.maxExecutors"] == str(share.layout.executors)


def test_each_job_is_a_step_of_its_own_where_one_runs_at_a_time() -> None:
    smaller = {"spark.executor.instances": 1, "spark.executor.cores": 2}
    memory = {f"spark.{whose}.memory": "1g" for whose in ("driver", "executor")}
    overhead = {f"spark.{whose}.memoryOverhead": "1g" for whose in ("driver", "executor")}
    spark = {**smaller, **memory, **overhead}
    on = {**GPUS, "count": 4}
    assert planned(cluster(core=on), spark=spark).groups == [[job] for job in JOBS]
    together = [["prepare"], ["bag", "boost", "deep"], ["score"], ["report"]]
    assert planned(cluster(core=on, step_concurrency=3), spark=spark).groups == together
    assert planned(cluster(core=on, step_concurrency=3)).groups == [[job] for job in JOBS]


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    found = planned(
        cluster(trainers=["bag"]),
        output=str(tmp_path),
        gang={"workers": 99},
        spark={
            "spark.executor.memory": "much",
            "spark.executor.cores": "none",
            "spark.master": "x",
        },
    )
    keys = [each.partition(": ")[0] for each in found.problems]
    assert keys == ["cluster", "gang.workers", "spark", "spark", "spark", "output"]


def jobs_of(profile: ClusterSettings) -> list[str]:
    return ["prepare", *profile.trainers, "score", "report"]


def properties(classifications: list[dict[str, Any]], name: str) -> dict[str, str]:
    found = next(each for each in classifications if each["Classification"] == name)
    return dict(found["Properties"])


def conf_of(job: str, found: Plan) -> dict[str, str]:
    arguments = step_arguments(
        job,
        PLACES,
        found.layout,
        name=found.config.name,
        run_id="run-1",
        settings=found.config.spark_settings,
    )
    flagged = pairwise(arguments)
    return dict(value.split("=", 1) for flag, value in flagged if flag == "--conf")


def numbers(share: Any) -> dict[str, str | None]:
    """What a share says, as Spark's settings; None for one that is not set."""
    return {
        "spark.driver.memory": f"{share.layout.driver_heap_mb}m",
        "spark.driver.memoryOverhead": f"{share.layout.driver_overhead_mb}m",
        "spark.executor.instances": str(share.layout.executors),
        "spark.executor.cores": str(share.layout.cores),
        "spark.executor.memory": f"{share.layout.heap_mb}m",
        "spark.executor.memoryOverhead": f"{share.layout.overhead_mb}m",
        "spark.executor.resource.gpu.amount": str(share.layout.gpus) if share.layout.gpus else None,
    }

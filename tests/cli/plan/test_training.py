from __future__ import annotations

import pytest

from tests.cli.plan.planned import CPU, GPUS, planned, problem
from tests.emr.clusters.samples import cluster


def test_trainers_that_the_cluster_file_leaves_out_are_told() -> None:
    on = cluster(trainers=["bag", "boost"])
    told = problem(on)
    assert told.startswith("cluster: trainers: deep not among them (bag, boost): add deep there")
    assert planned(on, ["prepare", "bag", "boost"]).problems == []


def test_trainers_that_the_nodes_cannot_run_are_told_with_the_reason() -> None:
    task = {**GPUS, "market": "spot"}
    on = cluster(trainers=["bag"], task=task)
    spot, left_out = planned(on, ["bag", "boost"]).problems
    assert spot.startswith("cluster: task.market: boost must not run on Spot")
    assert left_out.endswith("take another cluster file, or leave boost out of --jobs")


def test_gpus_that_no_node_has_are_told_for_every_job() -> None:
    told = problem(cluster(core=CPU), ["prepare"], gang={"device": "gpu"})
    assert told.startswith("gang.device: gpu: no core or task node of cluster small has a GPU")
    assert "gang.device=cpu" in told


def test_executors_whose_gpus_were_taken_away_are_told() -> None:
    none = {"spark.executor.resource.gpu.amount": 0}
    told = problem(gang={"device": "gpu"}, spark=none)
    assert told.startswith("spark: spark.executor.resource.gpu.amount: 0: executors get no GPU")


@pytest.mark.parametrize(
    ("gang", "most"),
    [({"workers": 15}, 14), ({"workers": 3, "device": "gpu"}, 2)],
    ids=["cores", "GPUs"],
)
def test_a_gang_larger_than_the_cluster_is_told_with_the_most(
    gang: dict[str, object], most: int
) -> None:
    told = problem(gang=gang)
    assert told.startswith(f"gang.workers: {gang['workers']}: a gang of so many workers")
    assert f"set it to {most} or fewer" in told
    assert planned(gang={**gang, "workers": most}).problems == []
    assert planned(jobs=["prepare", "bag"], gang=gang).problems == []


@pytest.mark.parametrize("value", [True, "true", "TRUE"])
def test_dynamic_allocation_is_told_where_something_trains(value: object) -> None:
    spark = {"spark.dynamicAllocation.enabled": value}
    told = problem(spark=spark)
    assert "spark.dynamicAllocation.enabled: true: bag, boost, deep would run under it" in told
    assert planned(jobs=["prepare", "score", "report"], spark=spark).problems == []


def test_a_learner_or_sampling_that_no_gang_trains_is_told() -> None:
    network = {"placement": "gang", "learner": "network"}
    assert "learner network is trained in one process" in problem(bagging=network)
    drawn = {"placement": "gang", "sampling": "bootstrap"}
    assert "sampling=bootstrap needs all rows in one place" in problem(bagging=drawn)
    assert planned(jobs=["boost"], bagging=drawn).problems == []

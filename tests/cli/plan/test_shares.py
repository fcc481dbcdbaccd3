from __future__ import annotations

import pytest

from pipeline.cli.plan.asked import Asked
from pipeline.cli.plan.shares import capacity_of, gang_of
from pipeline.emr.executors import Layout
from pipeline.spark import resources
from tests.cli.plan.planned import CPU, config, planned
from tests.emr.clusters.samples import cluster


@pytest.mark.parametrize("executors", [1, 3, 8])
@pytest.mark.parametrize("cores", [1, 7])
@pytest.mark.parametrize("gpus", [0, 1, 4])
@pytest.mark.parametrize("workers", [0, 1, 2, 5, 8, 33])
@pytest.mark.parametrize("device", ["cpu", "gpu"])
def test_a_gang_is_laid_out_as_the_driver_does_it(
    executors: int, cores: int, gpus: int, workers: int, device: str
) -> None:
    """Held against the driver's own arithmetic, which takes what Spark and YARN say."""
    layout = Layout(executors, cores, gpus, 1_024, 1_024, 512, 768)
    found = gang_of(
        Asked(config(gang={"workers": workers, "device": device}), cluster(), ()), layout
    )
    capacity, each = capacity_of(layout), int(device == "gpu")
    size = workers or resources._default_size(capacity, each)
    most = resources._cores_per_worker(capacity, size, each)
    fits = size > 0 and most > 0 and capacity.slots(most, each) >= size
    assert (found is not None) == fits
    if found is not None:
        assert (found.workers, found.cores, found.gpus) == (size, most, each)


def test_gangs_are_for_boost_and_deep_and_for_bagging_where_it_asks_for_one() -> None:
    def with_gang(**bagging: str) -> list[str]:
        found = planned(cluster(core=CPU), bagging=bagging)
        return [share.job for share in found.shares if share.gang is not None]

    assert with_gang() == ["boost", "deep"]
    assert with_gang(placement="task") == ["boost", "deep"]
    assert with_gang(placement="gang") == ["bag", "boost", "deep"]


@pytest.mark.parametrize(
    ("spark", "tasks"),
    [
        ({}, 14),
        ({"spark.task.cpus": 2}, 6),
        ({"spark.task.resource.gpu.amount": 1}, 2),
        ({"spark.task.resource.gpu.amount": "0.3333333333"}, 6),
    ],
)
def test_replicas_at_once_are_as_many_as_cores_and_gpus_allow(
    spark: dict[str, object], tasks: int
) -> None:
    found = planned(spark=spark)
    replicas = {share.job: share.replicas for share in found.shares}
    assert replicas == {**dict.fromkeys(replicas), "bag": tasks}


def test_of_a_spark_ml_learner_as_many_replicas_are_trained_as_it_has_jobs() -> None:
    learner = "pyspark.ml.classification.LogisticRegression"
    bag = planned(bagging={"learner": learner, "parallelism": 3}).shares[1]
    assert (bag.job, bag.replicas, bag.gang) == ("bag", 3, None)
    assert planned(bagging={"placement": "gang"}).shares[1].replicas is None

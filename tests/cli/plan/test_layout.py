from __future__ import annotations

from tests.cli.plan.planned import CPU, planned, problem
from tests.emr.clusters.samples import cluster


def test_settings_that_the_nodes_cannot_hold_are_told_with_the_nodes() -> None:
    told = problem(cluster(core=CPU), spark={"spark.executor.memory": "60g"})
    assert "4 x 54272 MiB, 16 cores, 0 GPUs" in told
    assert "lower what `spark` in the config asks for" in told


def test_every_setting_that_is_no_number_or_no_size_is_told() -> None:
    found = planned(
        spark={
            "spark.executor.memory": "lots",
            "spark.executor.instances": "two",
            "spark.driver.memory": "100m",
            "spark.executor.cores": 3,
        }
    )
    assert [each.split(": ")[1] for each in found.problems] == [
        "spark.executor.memory",
        "spark.executor.instances",
        "spark.driver.memory",
    ]
    assert found.layout.cores == 3  # the rest is planned with what can be used


def test_executors_without_a_core_are_told_and_not_divided_by() -> None:
    told = problem(spark={"spark.executor.cores": 0})
    assert told == "spark: spark.executor.cores must be 1 or more"


def test_a_driver_larger_than_the_core_nodes_finds_no_place_beside_spot() -> None:
    sizes = {"core.large": {"vcpus": 16, "memory_gib": 32}}
    task = {"types": ["m6i.4xlarge"], "count": 2, "market": "spot"}
    on = cluster(core={"types": ["core.large"]}, task=task, cpu_types=sizes, trainers=["bag"])
    spark = {
        "spark.executor.instances": 1,
        "spark.executor.memory": "2g",
        "spark.driver.memory": "30g",
    }
    told = problem(on, ["bag"], spark=spark)
    assert told.startswith("spark: spark.driver.memory: the driver stays off Spot")
    del spark["spark.driver.memory"]
    assert planned(on, ["bag"], spark=spark).problems == []

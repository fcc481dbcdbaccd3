from __future__ import annotations

from typing import Any

import pytest

from pipeline.emr.clusters.rules import problems_of, require_able
from pipeline.errors import ConfigError, UserError
from tests.emr.clusters.samples import cluster

SPOT = {"types": ["g5.2xlarge", "g4dn.2xlarge"], "count": 3, "market": "spot"}


def _refused(**changes: Any) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        cluster(**changes)
    return [said.removeprefix("cluster: ") for said in refused.value.problems]


def test_deep_networks_are_refused_on_an_h100_with_the_reason() -> None:
    assert _refused(core={"types": ["p5.48xlarge"]}) == [
        "core.types[0]: p5.48xlarge cannot run deep: MXNet 1.9.1 has no code for its GPU (NVIDIA "
        "H100, compute capability 9.0): it holds binaries for 5.0, 6.0, 7.0, 8.0, 8.6 and no PTX; "
        "bagging and boosting can run there"
    ]
    able = cluster(core={"types": ["p5.48xlarge"]}, trainers=["bag", "boost"])
    with pytest.raises(UserError, match=r"cluster small: core\.types\[0\]: p5\.48xlarge cannot"):
        require_able(able, ["deep"])
    require_able(able, ["boost"])


def test_a_type_that_cannot_be_launched_is_refused_once_for_all_trainers() -> None:
    (said,) = _refused(core={"types": ["p3.2xlarge"]})
    assert said == "core.types[0]: p3.2xlarge: EC2 has retired p3 (NVIDIA V100): use g5 or p4d"


def test_a_gpu_without_code_does_not_hide_what_else_is_wrong() -> None:
    core = {"types": ["p5.48xlarge", "g5.xlarge"]}
    of_type, of_fleet = _refused(core=core, trainers=["deep"])
    assert of_type.startswith("core.types[0]: p5.48xlarge cannot run deep")
    assert of_fleet.startswith("core.types: types of one fleet must have the same number of GPUs")
    assert "; and deep must not run on different GPUs (NVIDIA A10G, NVIDIA H100)" in of_fleet


def test_a_primary_node_trains_nothing_but_must_be_launched() -> None:
    assert cluster(primary={"types": ["p5.48xlarge"]}).primary.count == 1
    (said,) = _refused(primary={"types": ["p2.xlarge"]})
    assert "EC2 has retired p2" in said


@pytest.mark.parametrize("trainers", [["boost"], ["deep"], ["bag", "boost", "deep"]])
def test_gangs_are_refused_on_spot_with_the_reason(trainers: list[str]) -> None:
    task = {**SPOT, "types": ["g5.2xlarge"]}
    (said,) = _refused(task=task, trainers=trainers)
    gangs = " and ".join(each for each in trainers if each != "bag")
    assert said == (
        f"task.market: {gangs} must not run on Spot: a gang starts over when EC2 takes one of its "
        "nodes back. Use on_demand, or leave only bag in trainers: its replicas are independent"
    )


def test_bagging_may_run_on_spot_and_on_different_gpus() -> None:
    assert problems_of(cluster(task=SPOT, trainers=["bag"]), ["bag"]) == []


def test_a_job_that_the_file_was_not_made_for_is_refused_with_every_reason() -> None:
    with pytest.raises(UserError) as refused:
        require_able(cluster(task=SPOT, trainers=["bag"]), ["bag", "boost"])
    first, second = str(refused.value).splitlines()
    assert first.startswith("cluster small: task.market: boost must not run on Spot")
    assert second.startswith("cluster small: task.types: boost must not run on different GPUs")


def test_what_a_cluster_cannot_do_without_is_refused_on_spot_even_for_bagging() -> None:
    primary = {"types": ["m6i.xlarge"], "market": "spot"}
    core = {"types": ["g5.2xlarge"], "market": "spot"}
    assert _refused(primary=primary, core=core, trainers=["bag"]) == [
        "primary.market: a cluster ends with its primary node: use on_demand",
        "core.market: core nodes keep HDFS and the drivers: use on_demand, and Spot for task nodes",
    ]


@pytest.mark.parametrize("types", [["g5.2xlarge", "g5.12xlarge"], ["g5.2xlarge", "m6i.2xlarge"]])
def test_different_numbers_of_gpus_in_one_fleet_are_refused(types: list[str]) -> None:
    (said,) = _refused(core={"types": types}, trainers=["bag"])
    assert said.startswith("core.types: types of one fleet must have the same number of GPUs")
    assert f"{types[0]} has 1, {types[1]} has {4 if 'g5.12xlarge' in types else 0}" in said


def test_different_numbers_of_gpus_in_core_and_task_nodes_are_refused() -> None:
    (said,) = _refused(task={"types": ["g5.12xlarge"]})
    assert said.startswith("task.types: core and task nodes with GPUs must have the same number")
    assert "(core 1, task 4)" in said


def test_a_gang_is_refused_on_gpus_of_different_models() -> None:
    (said,) = _refused(core={"types": ["g4dn.2xlarge", "g5.2xlarge"]})
    assert said == (
        "core.types: boost and deep must not run on different GPUs (NVIDIA A10G, NVIDIA T4): a "
        "gang waits for the slowest. Use one model"
    )


def test_core_nodes_need_no_gpus_where_task_nodes_have_them() -> None:
    found = cluster(core={"types": ["m6i.xlarge"]}, task={"types": ["g5.2xlarge"], "count": 2})
    assert problems_of(found, found.trainers) == []


def test_a_driver_that_stays_off_spot_must_fit_a_core_node() -> None:
    spot = {"types": ["p4d.24xlarge"], "count": 2, "market": "spot"}
    (said,) = _refused(core={"types": ["m6i.xlarge"]}, task=spot, trainers=["bag"])
    assert said == (
        "core.types: the driver stays off Spot, on core nodes, and takes 16384 MiB of their 11712: "
        "use larger ones"
    )
    cluster(core={"types": ["m6i.2xlarge"]}, task=spot, trainers=["bag"])


def test_nodes_without_room_for_an_executor_are_refused() -> None:
    sizes = {"t3.medium": {"vcpus": 1, "memory_gib": 4}}
    (said,) = _refused(core={"types": ["t3.medium"]}, cpu_types=sizes)
    assert said.startswith("core.types: a node with 3072 MiB and 1 cores is too small")


def test_the_gpu_environment_needs_a_root_volume_that_holds_it() -> None:
    (said,) = _refused(root_volume_gb=39)
    assert said == "root_volume_gb: the environment of GPU nodes needs 40 GB or more"
    assert cluster(core={"types": ["m6i.xlarge"]}, root_volume_gb=20).root_volume_gb == 20


def test_a_release_of_emrs_own_image_is_refused_beside_a_custom_one() -> None:
    (said,) = _refused(image="ami-0123456789abcdef0", os_release="2023.9.20250929.0")
    assert said == (
        "os_release: only EMR's own image comes in releases, and image is ami-0123456789abcdef0: "
        "leave one of them out"
    )


def test_prices_and_sizes_of_types_that_no_fleet_has_are_refused() -> None:
    said = _refused(
        prices={"g5.xlarge": 1}, cpu_types={"g5.2xlarge": {"vcpus": 8, "memory_gib": 1}}
    )
    assert said == [
        "prices.g5.xlarge: no fleet has g5.xlarge; there are: g5.2xlarge, m6i.xlarge",
        "cpu_types.g5.2xlarge: g5.2xlarge is a GPU type, whose size is known",
    ]

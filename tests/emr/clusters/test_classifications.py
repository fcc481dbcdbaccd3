from __future__ import annotations

import re
from typing import Any

import pytest

from pipeline.emr.clusters.classifications import (
    CGROUP_HIERARCHY,
    CGROUP_ROOT,
    DISCOVERY_SCRIPT,
    cluster_classifications,
    type_classifications,
)
from pipeline.emr.clusters.room import layout_of
from pipeline.emr.clusters.settings import ClusterSettings
from tests.emr.clusters.samples import ROOT, cluster

PYTHON = "/opt/emr-ensembles/env/gpu-0123456789ab/bin/python"
MIXED = {
    "core": {"types": ["m6i.xlarge"]},
    "task": {"types": ["g5.12xlarge"], "count": 2},
}


def _by_name(found: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    return {each["Classification"]: each["Properties"] for each in found}


def _cluster_wide(of: ClusterSettings) -> dict[str, dict[str, str]]:
    return _by_name(cluster_classifications(of, PYTHON))


def test_a_cpu_nodes_yarn_hears_nothing_of_gpu_plugins_cgroups_and_executors_of_root() -> None:
    found = cluster(**MIXED)
    (site,) = type_classifications(found, "m6i.xlarge")
    for name in [*site["Properties"], *_cluster_wide(found)["yarn-site"]]:
        assert "plugins" not in name
        assert "container-executor" not in name
    assert "container-executor" not in _cluster_wide(found)


def test_a_gpu_nodes_yarn_finds_its_gpus_and_keeps_containers_off_those_of_others() -> None:
    site, executor = type_classifications(cluster(**MIXED), "g5.12xlarge")
    settings = site["Properties"]
    assert settings["yarn.nodemanager.resource-plugins"] == "yarn.io/gpu"
    assert settings["yarn.nodemanager.resource-plugins.gpu.allowed-gpu-devices"] == "auto"
    cgroups = "yarn.nodemanager.linux-container-executor.cgroups"
    assert settings[f"{cgroups}.mount-path"] == "/emr-ensembles-cgroup"
    assert settings[f"{cgroups}.hierarchy"] == "yarn"
    assert settings["yarn.nodemanager.container-executor.class"].endswith("LinuxContainerExecutor")
    assert (executor["Classification"], executor["Properties"]) == ("container-executor", {})
    assert _by_name(executor["Configurations"]) == {
        "gpu": {"module.enabled": "true"},
        "cgroups": {"root": "/emr-ensembles-cgroup", "yarn-hierarchy": "yarn"},
    }


def test_paths_are_those_that_the_bootstrap_actions_make() -> None:
    gpus, cgroup = ((ROOT / "bootstrap" / name).read_text() for name in ("gpus.sh", "cgroup.sh"))
    home = re.search(r"HOME_OF_ALL=(\S+)", (ROOT / "bootstrap" / "node.sh").read_text())
    assert home is not None
    relative = DISCOVERY_SCRIPT.removeprefix(home[1])
    assert relative != DISCOVERY_SCRIPT
    assert f"$HOME_OF_ALL{relative}" in gpus
    assert CGROUP_ROOT in cgroup
    assert f"/{CGROUP_HIERARCHY}" in cgroup


def test_the_scheduler_counts_gpus_where_there_are_any() -> None:
    found = _cluster_wide(cluster(**MIXED))
    assert found["yarn-site"]["yarn.resource-types"] == "yarn.io/gpu"
    calculator = found["capacity-scheduler"]["yarn.scheduler.capacity.resource-calculator"]
    assert calculator.endswith("DominantResourceCalculator")
    without = _cluster_wide(cluster(core={"types": ["m6i.4xlarge"]}))
    assert "capacity-scheduler" not in without
    assert not any("gpu" in value for of in without.values() for value in of)


def test_yarn_lets_drivers_of_steps_side_by_side_start_at_once() -> None:
    found = _cluster_wide(cluster(step_concurrency=3))["capacity-scheduler"]
    assert found["yarn.scheduler.capacity.maximum-am-resource-percent"] == "1.0"
    alone = _cluster_wide(cluster())["capacity-scheduler"]
    assert set(alone) == {"yarn.scheduler.capacity.resource-calculator"}


def test_yarn_has_the_room_that_the_layout_was_computed_with() -> None:
    found = cluster(**MIXED)
    for name, memory, cores in [("m6i.xlarge", 11_712, 4), ("g5.12xlarge", 179_200, 48)]:
        settings = type_classifications(found, name)[0]["Properties"]
        assert settings["yarn.nodemanager.resource.memory-mb"] == str(memory)
        assert settings["yarn.nodemanager.resource.cpu-vcores"] == str(cores)
        # EMR may put a type's own in the place of the cluster's: then nothing must be missing.
        assert _cluster_wide(found)["yarn-site"].items() <= settings.items()
    wide, layout = _cluster_wide(found)["yarn-site"], layout_of(found)
    assert int(wide["yarn.scheduler.maximum-allocation-mb"]) >= layout.executor.memory_mb
    assert int(wide["yarn.scheduler.maximum-allocation-vcores"]) >= layout.cores
    assert wide["yarn.scheduler.minimum-allocation-mb"] == "32"


def test_sparks_defaults_have_the_layout_and_the_environments_python() -> None:
    found = cluster()
    defaults = _cluster_wide(found)["spark-defaults"]
    assert layout_of(found).settings().items() <= defaults.items()
    assert defaults["spark.executor.resource.gpu.amount"] == "1"
    assert defaults["spark.executor.resource.gpu.discoveryScript"] == DISCOVERY_SCRIPT
    for name in ("spark.pyspark.python", "spark.yarn.appMasterEnv.PYSPARK_PYTHON"):
        assert defaults[name] == PYTHON
    without = _cluster_wide(cluster(core={"types": ["m6i.4xlarge"]}))["spark-defaults"]
    assert not any("gpu" in name for name in without)


@pytest.mark.parametrize(("trainers", "off"), [(["bag"], False), (["bag", "boost"], True)])
def test_dynamic_allocation_is_off_where_gangs_train(trainers: list[str], off: bool) -> None:
    defaults = _cluster_wide(cluster(trainers=trainers))["spark-defaults"]
    assert (defaults.get("spark.dynamicAllocation.enabled") == "false") is off


def test_drivers_stay_on_core_nodes_where_task_nodes_are_spot() -> None:
    task = {"types": ["g5.2xlarge"], "market": "spot"}
    site = _cluster_wide(cluster(task=task, trainers=["bag"]))["yarn-site"]
    assert site["yarn.node-labels.enabled"] == "true"
    assert site["yarn.node-labels.am.default-node-label-expression"] == "CORE"
    on_demand = _cluster_wide(cluster(task={"types": ["g5.2xlarge"]}))["yarn-site"]
    assert not any("label" in name for name in on_demand)

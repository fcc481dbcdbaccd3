from __future__ import annotations

import pytest

from pipeline.emr.clusters.settings import CpuTypeSettings
from pipeline.emr.clusters.sizes import CPU_TYPES, node_of
from pipeline.emr.executors import Node
from pipeline.emr.instances.yarn import memory_by_rule
from pipeline.errors import UserError

# GiB as EMR's ListSupportedInstanceTypes counts them.
EMR_MEMORY_GIB = {
    "m6i": {"xlarge": 15.25, "2xlarge": 30.5, "4xlarge": 61, "8xlarge": 122, "12xlarge": 185},
    "m6a": {"xlarge": 15.25, "2xlarge": 30.5, "4xlarge": 61, "8xlarge": 122, "12xlarge": 183},
}


def test_a_gpu_node_has_what_the_catalogue_says() -> None:
    assert node_of("g5.12xlarge", {}) == Node(179_200, 48, 4)


def test_cpu_types_follow_the_rule_of_gpu_types() -> None:
    for family, sizes in EMR_MEMORY_GIB.items():
        for size, memory in sizes.items():
            node = node_of(f"{family}.{size}", {})
            assert node.memory_mb == memory_by_rule(memory), (family, size)
            assert node.gpus == 0
    assert {name.partition(".")[0] for name in CPU_TYPES} == set(EMR_MEMORY_GIB)


def test_a_type_that_is_not_known_is_sized_by_the_users_file() -> None:
    own = {"r7i.4xlarge": CpuTypeSettings(vcpus=16, memory_gib=122)}
    assert node_of("r7i.4xlarge", own) == Node(116_736, 16)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("r7i.4xlarge", "state it below cpu_types, as `r7i.4xlarge: {vcpus: 16"),
        ("m6g.xlarge", "its processor is ARM"),
        ("c7gn.xlarge", "its processor is ARM"),
        ("im4gn.xlarge", "its processor is ARM"),
        ("g5.3xlarge", "did you mean g5"),
        ("p5en.48xlarge", "EMR does not list it"),
    ],
)
def test_what_cannot_be_sized_is_refused_with_the_way_out(name: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        node_of(name, {})


@pytest.mark.parametrize("name", ["g4dn.xlarge", "gr6.4xlarge", "g6e.xlarge"])
def test_a_g_in_a_gpu_familys_name_makes_no_arm_of_it(name: str) -> None:
    assert node_of(name, {}).gpus == 1

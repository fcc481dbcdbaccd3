from __future__ import annotations

import pytest

from pipeline.emr.clusters.room import hourly_bound, layout_of, nodes_of
from pipeline.emr.executors import Node, fit_together
from tests.emr.clusters.samples import cluster


@pytest.mark.parametrize(
    ("core", "executors", "cores", "gpus"),
    [
        ({"types": ["g4dn.2xlarge"], "count": 4}, 4, 7, 1),
        ({"types": ["g5.12xlarge"], "count": 2}, 8, 11, 1),
        ({"types": ["p4d.24xlarge"], "count": 2}, 16, 11, 1),
        ({"types": ["m6i.4xlarge"], "count": 3}, 3, 15, 0),
    ],
)
def test_each_gpu_has_an_executor_and_each_node_without_one_has_one(
    core: dict[str, object], executors: int, cores: int, gpus: int
) -> None:
    found = cluster(core=core)
    layout = layout_of(found)
    assert (layout.executors, layout.cores, layout.gpus) == (executors, cores, gpus)
    assert fit_together(layout, 1, nodes_of(found))


def test_of_several_types_each_node_is_counted_as_the_smallest_in_every_respect() -> None:
    sizes = {"x.large": {"vcpus": 4, "memory_gib": 64}, "y.large": {"vcpus": 8, "memory_gib": 32}}
    core = {"types": ["x.large", "y.large"], "count": 2}
    found = cluster(core=core, cpu_types=sizes)
    assert nodes_of(found) == [Node(24_576, 4)] * 2


def test_core_and_task_nodes_hold_executors_together() -> None:
    found = cluster(task={"types": ["g5.4xlarge"], "count": 3})
    assert layout_of(found).executors == 5
    assert layout_of(found).executor == layout_of(cluster()).executor


def test_the_hourly_bound_counts_every_node_at_its_dearest_type() -> None:
    found = cluster(
        trainers=["bag"],
        task={"types": ["g4dn.2xlarge", "g5.2xlarge"], "count": 3, "market": "spot"},
        prices={"m6i.xlarge": 0.25, "g5.2xlarge": 1.5, "g4dn.2xlarge": 1},
    )
    assert hourly_bound(found) == 0.25 + 2 * 1.5 + 3 * 1.5


def test_the_hourly_bound_is_unknown_where_one_price_is_missing() -> None:
    assert hourly_bound(cluster()) is None
    assert hourly_bound(cluster(prices={"g5.2xlarge": 1.5})) is None

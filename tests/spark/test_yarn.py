"""What YARN has room for; a real one is asked in tests/cli/rehearsal."""

import pytest
from pyspark.sql import SparkSession

from pipeline.errors import UserError
from pipeline.spark.yarn import Container, YarnNode, executor_container, overhead_mb, room

NODES = [YarnNode(4_000, 2, 1), YarnNode(6_000, 4, 1)]


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        (Container(2_000, 1, 0), 5),
        (Container(2_000, 8, 0), 5),  # without GPUs, YARN's usual scheduler looks at memory alone
        (Container(2_000, 1, 1), 2),
        (Container(2_000, 3, 1), 1),
        (Container(5_000, 1, 1), 1),
    ],
)
def test_room_is_what_all_nodes_hold(container: Container, expected: int) -> None:
    assert room(NODES, container) == expected


@pytest.mark.parametrize("container", [Container(7_000, 1, 0), Container(1_000, 1, 2)])
def test_an_executor_that_no_node_holds_is_refused(container: Container) -> None:
    told = rf"no node of YARN has room for one executor of {container.memory_mb} MiB .*4000 MiB"
    with pytest.raises(UserError, match=told):
        room(NODES, container)


def test_a_node_that_the_driver_fills_holds_nothing() -> None:
    assert YarnNode(-100, 0, 1).holds(Container(1_000, 1, 1)) == 0


def test_an_executors_container_is_its_heap_and_sparks_own_overhead(spark: SparkSession) -> None:
    assert overhead_mb(spark, "executor", 1_024) == 384
    assert overhead_mb(spark, "executor", 10_000) == 1_000
    found = executor_container(spark)  # 1g, and YARN gives multiples of 1,024 MiB by default
    assert (found.memory_mb, found.gpus) == (2_048, 0)

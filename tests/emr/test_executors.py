import pytest

from pipeline.emr.executors import Layout, Node, fit_together, lay_out
from pipeline.errors import UserError

G4DN_2XLARGE = Node(memory_mb=24_576, cores=8, gpus=1)  # what YARN has of 32 GiB
SMALL = Node(memory_mb=6_026, cores=2, gpus=1)


@pytest.mark.parametrize(
    "nodes",
    [
        [SMALL] * 2,
        [G4DN_2XLARGE] * 4,
        [Node(196_608, 48, 4)] * 2,
        [Node(11_520, 4)] * 3,
        [Node(57_344, 16), Node(24_576, 8)],
        [Node(3_072, 2)] * 2,
    ],
)
def test_what_is_laid_out_fits_with_its_driver_on_any_node(nodes: list[Node]) -> None:
    layout = lay_out(nodes)
    assert fit_together(layout, 1, nodes)
    per_node = layout.executors // len(nodes)
    for node in nodes:
        assert layout.driver.memory_mb + per_node * layout.executor.memory_mb <= node.memory_mb
        assert 1 + per_node * layout.cores <= node.cores
    assert not fit_together(layout, 2, nodes)


def test_each_gpu_gets_an_executor_with_its_share_of_the_node() -> None:
    layout = lay_out([Node(196_608, 48, 4)] * 2)
    assert (layout.executors, layout.gpus, layout.cores) == (8, 1, 11)
    settings = layout.settings()
    assert settings["spark.executor.instances"] == "8"
    assert settings["spark.executor.resource.gpu.amount"] == "1"


def test_nodes_without_a_gpu_hold_no_executors_where_others_have_them() -> None:
    layout = lay_out([G4DN_2XLARGE, G4DN_2XLARGE, Node(11_520, 4)])
    assert (layout.executors, layout.gpus) == (2, 1)
    assert layout == lay_out([G4DN_2XLARGE] * 2)


def test_most_of_an_executors_memory_is_outside_of_its_heap() -> None:
    layout = lay_out([G4DN_2XLARGE] * 2)
    assert layout.overhead_mb > layout.heap_mb
    assert "spark.executor.pyspark.memory" not in layout.settings()


def test_containers_are_multiples_of_what_yarn_gives_away() -> None:
    for step in (32, 1024):
        layout = lay_out([SMALL] * 2, step)
        assert layout.executor.memory_mb % step == 0
        assert layout.driver.memory_mb % step == 0
        assert fit_together(layout, 1, [SMALL] * 2, step)


def test_rounding_counts_for_what_fits() -> None:
    nodes = [Node(2_048, 8)]
    layout = Layout(
        1, 1, 0, heap_mb=500, overhead_mb=12, driver_heap_mb=1_000, driver_overhead_mb=500
    )
    assert fit_together(layout, 1, nodes, 32)
    assert not fit_together(layout, 1, nodes, 1024)


def test_drivers_that_land_on_one_node_must_leave_room_too() -> None:
    """A packing exists, but YARN need not find it: both drivers on a node cost an executor."""
    nodes = [Node(6_144, 4, 2)] * 2
    layout = Layout(2, 1, 1, 1_000, 1_304, 768, 768)
    assert fit_together(layout, 1, nodes)
    assert not fit_together(layout, 2, nodes)
    assert fit_together(layout, 2, [Node(7_680, 4, 2)] * 2)


def test_drivers_that_have_no_room_do_not_fit() -> None:
    layout = Layout(0, 1, 0, 500, 500, 3_000, 1_000)
    assert fit_together(layout, 1, [Node(4_096, 2)])
    assert not fit_together(layout, 2, [Node(4_096, 2)])
    assert fit_together(layout, 2, [Node(4_096, 2)] * 2)


def test_small_applications_fit_together() -> None:
    nodes = [G4DN_2XLARGE] * 4
    half = lay_out(nodes).with_settings(
        {
            "spark.executor.instances": "2",
            "spark.executor.memory": "4g",
            "spark.executor.memoryOverhead": "6g",
            "spark.executor.cores": "2",
        }
    )
    assert fit_together(half, 2, nodes)
    assert not fit_together(half, 3, nodes)  # six GPUs of four


@pytest.mark.parametrize(
    "node", [Node(2_048, 4), Node(16_384, 1), Node(16_384, 4, gpus=4), Node(6_000, 8, gpus=4)]
)
def test_nodes_that_are_too_small_are_refused_with_what_is_needed(node: Node) -> None:
    with pytest.raises(UserError, match=r"too small: a driver takes .* use larger nodes"):
        lay_out([node])


def test_a_cluster_without_nodes_is_refused() -> None:
    with pytest.raises(UserError, match="no node that runs"):
        lay_out([])


def test_a_configs_own_settings_win() -> None:
    layout = lay_out([G4DN_2XLARGE] * 2).with_settings(
        {"spark.executor.memory": "10g", "spark.driver.memory": "3000m", "spark.other": "x"}
    )
    assert (layout.heap_mb, layout.driver_heap_mb) == (10_240, 3_000)
    assert layout.executors == 2


def test_a_heap_of_ones_own_leaves_the_rest_of_the_container_as_overhead() -> None:
    laid_out = lay_out([G4DN_2XLARGE] * 2)
    layout = laid_out.with_settings({"spark.executor.memory": "4g"})
    assert layout.executor == laid_out.executor
    assert fit_together(layout, 1, [G4DN_2XLARGE] * 2)
    large = laid_out.with_settings({"spark.executor.memory": "18g"})
    assert large.overhead_mb == 1_843  # a tenth, as Spark's own default


def test_a_heap_that_spark_does_not_start_with_is_refused() -> None:
    with pytest.raises(UserError, match=r"spark.executor.memory: 450m: Spark needs 512m at least"):
        lay_out([SMALL] * 2).with_settings({"spark.executor.memory": "450m"})


@pytest.mark.parametrize(
    ("name", "value"),
    [("spark.executor.memory", "much"), ("spark.executor.instances", "two")],
)
def test_settings_that_are_no_numbers_are_named(name: str, value: str) -> None:
    with pytest.raises(UserError, match=f"spark: {name}: '{value}' is not a"):
        lay_out([SMALL] * 2).with_settings({name: value})

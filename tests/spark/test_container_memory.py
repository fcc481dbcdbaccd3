import pytest

from pipeline.spark.container_memory import default_overhead_mb, rounded_up


@pytest.mark.parametrize(
    ("heap", "factor", "expected"), [(1_024, 0.1, 384), (10_000, 0.1, 1_000), (10_000, 0.4, 4_000)]
)
def test_the_overhead_is_a_share_of_the_heap_and_not_less_than_384_mib(
    heap: int, factor: float, expected: int
) -> None:
    assert default_overhead_mb(heap, factor) == expected


@pytest.mark.parametrize(
    ("asked", "increment", "expected"), [(1, 32, 32), (32, 32, 32), (33, 32, 64), (900, 1024, 1024)]
)
def test_yarn_gives_multiples_of_its_increment(asked: int, increment: int, expected: int) -> None:
    assert rounded_up(asked, increment) == expected

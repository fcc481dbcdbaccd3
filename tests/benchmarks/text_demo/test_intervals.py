"""`make demo-text`: how sure a mean over seeds is."""

from __future__ import annotations

import pytest

from benchmarks.text_demo.intervals import Interval, binomial_error, difference, t_interval


def test_the_interval_of_three_seeds_is_students_with_two_degrees_of_freedom() -> None:
    found = t_interval([0.70, 0.72, 0.74])
    # The table's 4.303 times 0.02 / sqrt(3).
    assert found.mean == pytest.approx(0.72)
    assert found.half == pytest.approx(4.3027 * 0.02 / 3**0.5, rel=1e-4)
    assert found.low == pytest.approx(0.72 - (found.half or 0.0))


def test_one_seed_has_no_interval_and_overlaps_with_nothing_that_is_known() -> None:
    alone = t_interval([0.7])
    assert (alone.mean, alone.low, alone.high, alone.half) == (0.7, None, None, None)
    assert alone.overlaps(Interval(0.7, 0.6, 0.8)) is None


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (Interval(0.75, 0.69, 0.81), True),
        (Interval(0.65, 0.63, 0.67), True),
        (Interval(0.75, 0.70, 0.80), True),
        (Interval(0.75, 0.71, 0.79), False),
        (Interval(0.50, 0.41, 0.59), False),
    ],
)
def test_intervals_overlap_where_they_have_a_value_in_common(
    other: Interval, expected: bool
) -> None:
    one = Interval(0.65, 0.60, 0.70)
    assert one.overlaps(other) is expected
    assert other.overlaps(one) is expected


def test_contenders_on_the_same_seeds_differ_by_less_than_their_intervals() -> None:
    ours, theirs = [0.70, 0.80, 0.90], [0.69, 0.79, 0.89]
    assert t_interval(ours).overlaps(t_interval(theirs)) is True
    apart = difference(ours, theirs)
    assert apart.mean == pytest.approx(0.01)
    assert apart.low == pytest.approx(0.01)


def test_the_error_of_one_test_set_is_that_of_coin_flips() -> None:
    assert binomial_error(0.5, 2500) == pytest.approx(0.01)
    assert binomial_error(1.0, 2500) == 0.0

"""The step size of each step, by hand."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.deep.rates import Growing, Rates
from tests.deep.recipes import recipe

STEPS = 10


def _rates(schedule: Any = "constant", workers: int = 1, **params: Any) -> Rates:
    given = {"learning_rate": 0.1, "epochs": 4, **params}
    return Rates(recipe(learning_rate_schedule=schedule, **given), STEPS, workers)


def _all(rates: Rates) -> list[float]:
    return [rates.at(step) for step in range(4 * STEPS)]


def test_without_a_schedule_it_never_changes() -> None:
    assert set(_all(_rates())) == {0.1}


def test_a_warm_up_grows_in_equal_steps() -> None:
    rates = _all(_rates(warmup_epochs=0.4))
    assert rates[:6] == pytest.approx([0.02, 0.04, 0.06, 0.08, 0.1, 0.1])


def test_steps_fall_between_epochs() -> None:
    rates = _all(_rates({"kind": "step", "every": 2, "factor": 0.5}))
    assert rates == pytest.approx([0.1] * 20 + [0.05] * 20)


def test_the_cosine_ends_at_its_least_share() -> None:
    rates = _all(_rates({"kind": "cosine", "least": 0.2}, warmup_epochs=1.0))
    assert rates[9] < rates[10] == pytest.approx(0.1)  # begins when it is warm
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] == pytest.approx(0.02)
    assert (rates[24] + rates[25]) / 2 == pytest.approx(0.06, abs=1e-3)  # half way


def test_one_cycle_goes_up_and_further_down() -> None:
    rates = _all(_rates({"kind": "one-cycle", "up": 0.25, "start": 10, "end": 1000}))
    assert rates[0] == pytest.approx(0.01)
    assert max(rates) == pytest.approx(0.1, rel=1e-2)
    top = rates.index(max(rates))
    assert top == 10
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert rates[-1] == pytest.approx(0.0001)


def test_a_plateau_is_met_by_smaller_steps_until_the_least() -> None:
    rates = _rates({"kind": "plateau", "factor": 0.1, "patience": 2, "least": 0.05})
    seen = []
    for value in (1.0, 0.9, 0.95, float("nan"), 0.91, 0.8, 0.8, 0.8, 0.8, 0.8):
        rates.epoch_ended(value)
        seen.append(rates.at(0))
    assert seen == pytest.approx([0.1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.01, 0.005, 0.005, 0.005])


def test_a_plateau_goes_on_from_its_state() -> None:
    schedule = {"kind": "plateau", "patience": 3}
    first, second = _rates(schedule), _rates(schedule)
    for value in (1.0, 1.0, 1.0):
        first.epoch_ended(value)
    second.restore(first.state)
    assert second.at(0) == 0.1
    second.epoch_ended(1.0)
    assert second.at(0) == pytest.approx(0.05)
    other = _rates()
    other.restore(other.state)
    assert other.at(0) == 0.1


@pytest.mark.parametrize(
    ("params", "greatest"),
    [
        ({}, 0.1),  # the batch does not grow with the gang
        ({"batch_size_per_worker": 8}, 0.2),
        ({"batch_size_per_worker": 8, "optimiser": "sgd"}, 0.4),
        ({"batch_size_per_worker": 8, "learning_rate_scaling": "linear"}, 0.4),
        ({"batch_size_per_worker": 8, "learning_rate_scaling": "none"}, 0.1),
    ],
)
def test_it_grows_with_the_gang_where_the_batch_does(
    params: dict[str, Any], greatest: float
) -> None:
    assert _rates(workers=4, **params).at(0) == pytest.approx(greatest)


def test_growing_steps_grow_by_one_factor() -> None:
    rates = [Growing(1e-4, 1e-1, 4).at(step) for step in range(4)]
    assert rates == pytest.approx([1e-4, 1e-3, 1e-2, 1e-1])

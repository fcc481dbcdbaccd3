"""The learning-rate range test: what it makes of losses."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.deep.rate_range import RateRange, require_range
from pipeline.errors import UserError


def _valley(noise: float = 0.0) -> RateRange:
    """Losses that fall from 1e-4 on, are least at 1e-2, and rise steeply."""
    rates = np.geomspace(1e-6, 1.0, 400)
    logs = np.log10(rates)
    losses = np.select(
        [logs < -4, logs < -2],
        [1.0, 1.0 - 0.35 * (logs + 4)],
        0.3 + 2 * (logs + 2) ** 2,
    )
    losses = losses + np.random.default_rng(0).normal(scale=noise, size=400)
    return RateRange(tuple(rates.tolist()), tuple(losses.tolist()))


@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_the_suggestion_is_a_tenth_of_the_best(noise: float) -> None:
    found = _valley(noise)
    assert 0.005 < found.least < 0.04  # smoothing comes a little late
    assert found.suggestion == pytest.approx(found.least / 10)
    assert 1e-4 < found.steepest < 0.02


def test_what_the_first_losses_do_by_chance_is_no_slope() -> None:
    valley = _valley(0.05)
    losses = (3.0, *valley.losses[1:])
    assert 1e-4 < RateRange(valley.rates, losses).steepest < 0.02


def test_the_running_mean_begins_at_the_first_loss() -> None:
    found = RateRange((0.1, 0.2, 0.3), (4.0, 4.0, 1.0))
    assert found.smooth[:2] == pytest.approx((4.0, 4.0))
    assert 2.5 < found.smooth[2] < 4.0
    assert found.least == 0.3


def test_a_loss_that_only_rises_suggests_less_than_the_first() -> None:
    found = RateRange((0.1, 0.2, 0.3), (1.0, 2.0, 3.0))
    assert found.least == found.steepest == 0.1


@pytest.mark.parametrize(
    ("low", "high", "steps"), [(0.1, 0.01, 50), (0.0, 1.0, 50), (1e-6, float("inf"), 50)]
)
def test_what_is_no_range_is_refused(low: float, high: float, steps: int) -> None:
    with pytest.raises(UserError, match="0 < low < high is needed"):
        require_range(low, high, steps)
    with pytest.raises(UserError, match="steps must be 10 or more, not 5"):
        require_range(1e-6, 1.0, 5)

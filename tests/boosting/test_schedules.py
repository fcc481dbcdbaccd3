"""Learning rates by round."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.boosting.schedules import rates, require_schedule
from pipeline.errors import UserError


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ([0.5, 0.25], [0.5, 0.25, 0.25, 0.25, 0.25]),
        ({"kind": "exponential", "decay": 0.5}, [0.8, 0.4, 0.2, 0.1, 0.05]),
        ({"kind": "step", "every": 2, "factor": 0.1}, [0.8, 0.8, 0.08, 0.08, 0.008]),
        ({"kind": "cosine", "least": 0.2}, [0.8, 0.712132, 0.5, 0.287868, 0.2]),
        ("tests.boosting.own_functions.halving", [1.0, 0.5, 0.25, 0.125, 0.0625]),
    ],
)
def test_each_round_has_its_rate(schedule: Any, expected: list[float]) -> None:
    require_schedule(schedule)
    assert rates(schedule, 0.8, 5) == pytest.approx(expected, abs=1e-6)


def test_without_a_schedule_nothing_is_said() -> None:
    assert rates(None, 0.3, 5) is None


def test_one_round_has_the_rate_to_begin_with() -> None:
    assert rates({"kind": "cosine", "least": 0.2}, 0.8, 1) == (0.8,)


@pytest.mark.parametrize(
    ("schedule", "sentence"),
    [
        ([], "must be a list of rates, a map with a kind"),
        ([0.1, "fast"], "must be a list of rates"),
        (0.5, "must be a list of rates"),
        ({"decay": 0.5}, "kind must be one of exponential, step, cosine, not None"),
        ({"kind": "exponential"}, "of kind exponential has the keys decay, kind, not kind"),
        ({"kind": "step", "every": 2, "factor": 0.1, "least": 0}, "has the keys every, factor, k"),
        ({"kind": "step", "every": 0, "factor": 0.1}, "every must be at least 1"),
        ({"kind": "cosine", "least": "0"}, "least must be a number, not '0'"),
        ("no.such.module.f", "module no.such.module cannot be imported"),
    ],
)
def test_what_is_no_schedule_is_refused(schedule: Any, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        require_schedule(schedule)


def test_a_rate_that_is_none_is_named_with_its_round() -> None:
    with pytest.raises(UserError, match=r"eta_schedule gives 1\.2 in round 1; a rate is above 0"):
        rates([0.5, 1.2], 0.3, 4)
    with pytest.raises(UserError, match="eta_schedule gives 0 in round 4"):
        rates({"kind": "cosine", "least": 0}, 0.3, 5)

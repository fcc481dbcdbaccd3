"""Learning rates by round, worked out on the driver before the first round."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.errors import UserError
from pipeline.estimators.functions import load

_KINDS: Mapping[str, tuple[str, ...]] = {
    "exponential": ("decay",),
    "step": ("every", "factor"),
    "cosine": ("least",),
}


def rates(schedule: Any, eta: float, rounds: int) -> tuple[float, ...] | None:
    """The learning rate of each round.

    Parameters
    ----------
    schedule : None, sequence of float, mapping or str
        None: `eta` throughout. Numbers: one a round, the last one stays. A mapping has a `kind`:
        `exponential` (eta times `decay` to the power of the round), `step` (eta times `factor` each
        `every` rounds) or `cosine` (from eta down to `least`, in the last round). A string is
        the import path of a function of the round, from 0.
    eta : float
        The rate to begin with.
    rounds : int
        How many.

    Returns
    -------
    tuple of float, or None
        None for a rate that never changes.

    Raises
    ------
    UserError
        For a schedule that is none of these, or a rate that is not above 0 and at most 1.
    """
    if schedule is None:
        return None
    found = tuple(_rate(schedule, eta, number, rounds) for number in range(rounds))
    for number, rate in enumerate(found):
        if not 0 < rate <= 1:
            raise UserError(
                f"eta_schedule gives {rate:g} in round {number}; a rate is above 0 and at most 1"
            )
    return found


def require_schedule(schedule: Any) -> None:
    """Raise a `UserError` for what is no schedule."""
    if isinstance(schedule, str):
        load(schedule)
    elif isinstance(schedule, Mapping):
        _require_kind(schedule)
    elif not _is_list_of_rates(schedule):
        raise UserError(
            f"eta_schedule must be a list of rates, a map with a kind ({', '.join(_KINDS)}) or the "
            f"import path of a function, not {schedule!r}"
        )


def _is_list_of_rates(schedule: Any) -> bool:
    return isinstance(schedule, list | tuple) and bool(schedule) and all(map(_is_number, schedule))


def _require_kind(schedule: Mapping[str, Any]) -> None:
    kind = str(schedule.get("kind"))
    if kind not in _KINDS:
        raise UserError(f"eta_schedule: kind must be one of {', '.join(_KINDS)}, not {kind}")
    wanted = {"kind", *_KINDS[kind]}
    if set(schedule) != wanted:
        raise UserError(
            f"eta_schedule of kind {kind} has the keys {', '.join(sorted(wanted))}, not "
            f"{', '.join(sorted(schedule))}"
        )
    for name in _KINDS[kind]:
        if not _is_number(schedule[name]):
            raise UserError(f"eta_schedule: {name} must be a number, not {schedule[name]!r}")
    if kind == "step" and schedule["every"] < 1:
        raise UserError("eta_schedule: every must be at least 1")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _rate(schedule: Any, eta: float, number: int, rounds: int) -> float:
    if isinstance(schedule, str):
        return float(load(schedule)(number))
    if isinstance(schedule, Sequence):
        return float(schedule[min(number, len(schedule) - 1)])
    if schedule["kind"] == "exponential":
        return float(eta * schedule["decay"] ** number)
    if schedule["kind"] == "step":
        return float(eta * schedule["factor"] ** (number // int(schedule["every"])))
    least = float(schedule["least"])
    passed = number / max(rounds - 1, 1)
    return least + (eta - least) * (1 + math.cos(math.pi * passed)) / 2

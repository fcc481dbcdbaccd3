"""Return to an earlier champion: a new record, with a copy of that model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.cli.models.outcome import Outcome
from pipeline.errors import UserError
from pipeline.store import champions
from pipeline.store.champions import Champion
from pipeline.store.runs import now


def rollback(
    uri: str, *, to: int | None = None, command: Mapping[str, Any] | None = None
) -> Outcome:
    """Make an earlier champion the champion again.

    Parameters
    ----------
    uri : str
        Where the champions of the name lie.
    to : int, optional
        The number of an earlier one. Default: the one that the present champion's promotion
        replaced, so that each further rollback goes one promotion further back.
    command : mapping, optional
        Who asks, for the record.

    Raises
    ------
    UserError
        When there is no champion, or no such one.
    ConflictError
        When somebody else changed the champion meanwhile.
    """
    past = champions.history(uri)
    if not past:
        raise UserError(f"{uri}: no champion yet, so there is none to return to")
    present = past[-1]
    target = _one_before(uri, past) if to is None else _promotion_of(uri, past, to)
    if target.digest == present.digest:
        sentence = f"{present.title} is that very model already: nothing changed"
        return Outcome("unchanged", sentence, present, {})
    record = {
        "kind": "rollback",
        "when": now(),
        "trainer": target.trainer,
        "to": target.number,
        "digest": target.digest,
        "over": present.facts,
        "command": dict(command or {}),
    }
    new = champions.enthrone(uri, target.model_uri, record, seen=present.number)
    sentence = (
        f"{new.trainer} is champion number {new.number} now: the model of number {target.number}, "
        f"in the place of number {present.number} ({present.trainer})"
    )
    return Outcome("rolled back", sentence, new, {})


def _one_before(uri: str, past: Sequence[Champion]) -> Champion:
    """The champion that the present model replaced when it was promoted."""
    present = past[-1]
    promoted = _promotion_of(uri, past, present.origin)
    over = promoted.record.get("over")
    if not over:
        raise UserError(
            f"{uri}: the model of champion number {present.number} was the first, there is none "
            "before it; --to NUMBER returns to any other"
        )
    return _promotion_of(uri, past, int(over["number"]))


def _promotion_of(uri: str, past: Sequence[Champion], number: int) -> Champion:
    """The promotion of that number, or the one that a return of that number went back to."""
    known = {entry.number: entry for entry in past}
    found = known.get(number)
    if found is not None:
        found = known.get(found.origin)
    if found is None:
        raise UserError(
            f"{uri}: no champion number {number}; there are: {', '.join(map(str, known))}"
        )
    return found

"""What each column of a table is probably for, and why: facts in, roles and reasons out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from pipeline.data.guess import names
from pipeline.data.guess.facts import MOST_VALUES, ColumnFacts
from pipeline.data.guess.label import LabelGuess, classes, short
from pipeline.errors import DataError

Role: TypeAlias = Literal["label", "feature", "vector", "weight", "key", "time", "drop"]

# Trainers refuse text with more different values.
_MOST_CATEGORIES = 65_536
_FREE_TEXT = 50
_SHOWN = 4


@dataclass(frozen=True)
class Guess:
    """What a column is for.

    Attributes
    ----------
    role : str
        As in `columns` of the config; `feature` for the columns that are not named there.
    reason : str
        Why, a part of a sentence.
    """

    role: Role
    reason: str


def guess_roles(
    facts: Sequence[ColumnFacts], label: LabelGuess, leaks: Collection[str] = ()
) -> dict[str, Guess]:
    """A guess for each column.

    Parameters
    ----------
    facts : sequence of ColumnFacts
        Of all columns.
    label : LabelGuess
        The label.
    leaks : collection of str
        Features that decide the label alone.

    Returns
    -------
    dict of str to Guess
        By the column's name, in the table's order.

    Raises
    ------
    DataError
        When no column is left to learn from.
    """
    guesses = {fact.name: _guess(fact, label, leaks) for fact in facts}
    for role in ("key", "time", "weight"):
        _keep_first(guesses, role)
    _settle_vectors(guesses)
    if not any(guess.role in ("feature", "vector") for guess in guesses.values()):
        told = "; ".join(
            f"{name}: {guess.reason}" for name, guess in guesses.items() if name != label.name
        )
        raise DataError(f"no column is left to predict {label.name} from ({told or 'no other'})")
    return guesses


def may_leak(facts: Sequence[ColumnFacts], label: LabelGuess) -> list[int]:
    """Places of columns that could be the label in other words: as few values as it has classes.

    Whether they are takes a look at the pairs of values: `is_leak`.
    """
    wanted = _fact(facts, label.name).distinct
    return [
        place
        for place, fact in enumerate(facts)
        if fact.name != label.name and fact.distinct and _values(fact) == wanted
    ]


def is_leak(fact: ColumnFacts, label: ColumnFacts, pairs: int) -> bool:
    """Whether a column and the label decide each other: every value of one has one of the other.

    Parameters
    ----------
    fact, label : ColumnFacts
        Of the column, and of the label.
    pairs : int
        Different pairs of their values.
    """
    return pairs == _values(fact) == label.distinct


def _guess(fact: ColumnFacts, label: LabelGuess, leaks: Collection[str]) -> Guess:
    if fact.name == label.name:
        return Guess("label", f"{label.reason}; {classes(fact)}")
    for rule in _RULES:
        found = rule(fact)
        if found is not None:
            return found
    if fact.name in leaks:
        return Guess("drop", f"decides the label alone: a leak? {_content(fact)}")
    return Guess("feature", "; ".join(filter(None, [_content(fact), *_remarks(fact)])))


# --- rules: the first that has an answer decides --------------------------------------------------


def _unusable_name(fact: ColumnFacts) -> Guess | None:
    if not fact.name:
        return Guess("drop", "it has no name; give it one to use it")
    if names.is_reserved(fact.name):
        return Guess("drop", "the jobs add a column of this name; rename it to use it")
    return None


def _no_content(fact: ColumnFacts) -> Guess | None:
    if fact.kind == "null" or fact.missing == fact.rows:
        return Guess("drop", "no value in any row")
    if fact.distinct == 1 and not fact.missing:
        shown = fact.values[0] if fact.values else fact.least
        return Guess("drop", f"constant: {short(shown)} in every row")
    return None


def _infinite(fact: ColumnFacts) -> Guess | None:
    if not fact.infinite:
        return None
    return Guess(
        "drop",
        f"infinite, or beyond float32, in {fact.infinite:,} of {fact.rows:,} rows; to use it, "
        "replace them by null or a finite number",
    )


def _no_plain_type(fact: ColumnFacts) -> Guess | None:
    if fact.kind == "time":
        return Guess("time", f"a {fact.type}, {fact.least} to {fact.greatest}")
    if fact.kind == "nested":
        return Guess("drop", "a type that is no feature; make columns of its parts to use it")
    if fact.kind != "vector":
        return None
    if fact.nulls:
        return Guess("drop", f"vectors, null in {fact.nulls:,} of {fact.rows:,} rows")
    if fact.shortest != fact.longest:
        return Guess("drop", f"vectors of different lengths, {fact.shortest} to {fact.longest}")
    return Guess("vector", f"vectors of length {fact.longest}, the only features")


def _weight(fact: ColumnFacts) -> Guess | None:
    is_usable = fact.kind == "number" and not fact.missing and _at_least(fact, 0)
    if names.is_weight(fact.name) and is_usable:
        return Guess("weight", f"its name; numbers from {fact.least} to {fact.greatest}")
    return None


def _key(fact: ColumnFacts) -> Guess | None:
    is_scalar = fact.kind == "text" or (fact.kind == "number" and fact.is_whole)
    if not (fact.is_unique and is_scalar):
        return None
    if _is_consecutive(fact) and (
        names.is_row_number(fact.name) or not names.is_identifier(fact.name)
    ):
        return Guess("drop", f"a row number, {fact.least} to {fact.greatest}")
    if names.is_identifier(fact.name):
        return Guess("key", "its name, and it is another one in every row")
    return None


def _free_text(fact: ColumnFacts) -> Guess | None:
    if fact.kind != "text":
        return None
    if fact.distinct > _MOST_CATEGORIES:
        return Guess("drop", f"{fact.distinct:,} different texts; more than {_MOST_CATEGORIES:,}")
    if fact.distinct > _FREE_TEXT and fact.distinct * 2 > fact.rows:
        return Guess(
            "drop",
            f"free text or an identifier: {fact.distinct:,} different ones in {fact.rows:,} rows; "
            "a text can be columns.text",
        )
    return None


_RULES: tuple[Callable[[ColumnFacts], Guess | None], ...] = (
    _unusable_name,
    _no_content,
    _infinite,
    _no_plain_type,
    _weight,
    _key,
    _free_text,
)

# --- all columns together -------------------------------------------------------------------------

_SECOND = {
    "key": "names a row too; one key is enough",
    "time": "another time; make numbers of it (month, hour) to use it",
    "weight": "another weight",
}


def _keep_first(guesses: dict[str, Guess], role: str) -> None:
    """A role that only one column can have goes to the first; the others are dropped."""
    for name in [name for name, guess in guesses.items() if guess.role == role][1:]:
        guesses[name] = Guess("drop", _SECOND[role])


def _settle_vectors(guesses: dict[str, Guess]) -> None:
    """Vectors are features only when they are alone."""
    vectors = [name for name, guess in guesses.items() if guess.role == "vector"]
    are_alone = not any(guess.role == "feature" for guess in guesses.values())
    for name in vectors[1:] if are_alone else vectors:
        told = guesses[name].reason.removesuffix(", the only features")
        guesses[name] = replace(
            guesses[name],
            role="drop",
            reason=f"{told}, beside other features; make a column of each entry to use them",
        )


# --- words ----------------------------------------------------------------------------------------


def _content(fact: ColumnFacts) -> str:
    if fact.kind == "boolean":
        return "true or false"
    if fact.kind == "number":
        whole = "whole numbers" if fact.is_whole else "numbers"
        return f"{whole} from {fact.least} to {fact.greatest}"
    shown = ", ".join(short(value) for value in fact.values[:_SHOWN])
    more = ", …" if fact.distinct > _SHOWN else ""
    return f"{fact.distinct:,} categories: {shown}{more}"


def _remarks(fact: ColumnFacts) -> list[str]:
    remarks = []
    if fact.missing:
        remarks.append(f"missing in {fact.missing:,} of {fact.rows:,} rows")
    if fact.name.strip().lower() in ("weight", "weights"):
        remarks.append("if it is the weight of the row, name it columns.weight")
    if names.is_identifier(fact.name) and fact.distinct > MOST_VALUES:
        remarks.append("an identifier that repeats, by its name? then drop it")
    return remarks


def _values(fact: ColumnFacts) -> int:
    """Different values, where missing is one."""
    return fact.distinct + (1 if fact.missing else 0)


def _fact(facts: Sequence[ColumnFacts], name: str) -> ColumnFacts:
    return next(fact for fact in facts if fact.name == name)


def _at_least(fact: ColumnFacts, least: float) -> bool:
    return fact.least is not None and fact.least >= least


def _is_consecutive(fact: ColumnFacts) -> bool:
    if fact.kind != "number" or fact.least not in (0, 1):
        return False
    return bool(fact.greatest - fact.least + 1 == fact.rows)

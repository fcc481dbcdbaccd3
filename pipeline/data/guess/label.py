"""Which column is the label: the one that is named, or the likeliest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.data.content import MOST_CLASSES
from pipeline.data.guess import names
from pipeline.data.guess.facts import ColumnFacts
from pipeline.data.labels import WHOLE_CLASSES, looks_continuous
from pipeline.data.names import missing
from pipeline.errors import DataError

_FEW_CLASSES = 20
_SHOWN = 5


@dataclass(frozen=True)
class LabelGuess:
    """The label.

    Attributes
    ----------
    name : str
        The column.
    reason : str
        Why this one: a part of a sentence.
    others : tuple of str
        Other columns that could be it; empty when the user named the label.
    is_given : bool
        Whether the user named it.
    """

    name: str
    reason: str
    others: tuple[str, ...] = ()
    is_given: bool = False


def guess_label(facts: Sequence[ColumnFacts], given: str | None = None) -> LabelGuess:
    """Choose the label.

    A usual name wins, then the last column, then the first, then the last of the others: each when
    it has 2 to 20 classes and a label in every row.

    Parameters
    ----------
    facts : sequence of ColumnFacts
        Of all columns.
    given : str, optional
        The user's choice, which is only checked.

    Raises
    ------
    DataError
        When the given column is missing or cannot be a label (a number to predict, nulls, one
        class only, …), or no column can.
    """
    if given is not None:
        return _given(facts, given)
    candidates = [fact for fact in facts if _is_candidate(fact)]
    named = [fact for name in names.LABELS for fact in facts if _is_named(fact, name)]
    chosen, reason = _likeliest(facts, candidates, named)
    others = [fact.name for fact in [*named, *candidates] if fact is not chosen]
    return LabelGuess(chosen.name, reason, tuple(dict.fromkeys(others)))


def refusal(fact: ColumnFacts) -> str | None:
    """Why a column cannot be the label, as the end of a sentence; None when it can."""
    if fact.kind not in ("number", "boolean", "text"):
        return f"is a {fact.type}; a label must be a number, a boolean or a string"
    if not fact.name or names.is_reserved(fact.name):
        return "has no name, or one that the jobs need for a column of their own; rename it"
    if fact.missing:
        return (
            f"is null or NaN in {fact.missing:,} of {fact.rows:,} rows; remove these rows, or give "
            "them a label"
        )
    if fact.infinite:
        return f"is infinite in {fact.infinite:,} of {fact.rows:,} rows; it must hold classes"
    if fact.distinct < 2:
        shown = f"{short(fact.values[0])} in all {fact.rows:,} rows" if fact.values else "empty"
        return f"is {shown}; there must be at least two classes"
    if _is_a_number_to_predict(fact):
        return (
            f"holds {fact.distinct:,} different numbers from {fact.least} to {fact.greatest}: it "
            "is a number to predict rather than a class, and the jobs do no regression yet; name a "
            "column of classes, or make classes of it"
        )
    if fact.distinct > MOST_CLASSES:
        return f"has {fact.distinct:,} different values; the most classes are {MOST_CLASSES:,}"
    if fact.is_unique and fact.rows > 2:
        return "is another one in every row; classes must have several rows each"
    return None


def classes(fact: ColumnFacts) -> str:
    """The classes of a label in words: how many, and which."""
    shown = ", ".join(map(short, fact.values[:_SHOWN]))
    more = ", …" if fact.distinct > _SHOWN else ""
    return f"{fact.distinct} classes: {shown}{more}"


def short(value: object, most: int = 20) -> str:
    """A value for people to read: of a long one the beginning, in quotes where it would mislead."""
    text = str(value)
    cut = text if len(text) <= most else f"{text[: most - 1]}…"
    is_plain = bool(text) and text == text.strip() and ", " not in text
    return cut if is_plain else f'"{cut}"'


def _given(facts: Sequence[ColumnFacts], name: str) -> LabelGuess:
    found = [fact for fact in facts if fact.name == name]
    if not found:
        raise DataError(missing(name, [fact.name for fact in facts], "--label"))
    reason = refusal(found[0])
    if reason is not None:
        raise DataError(f"--label: {name} {reason}")
    return LabelGuess(name, "named by --label", is_given=True)


def _likeliest(
    facts: Sequence[ColumnFacts], candidates: Sequence[ColumnFacts], named: Sequence[ColumnFacts]
) -> tuple[ColumnFacts, str]:
    if named:
        return named[0], "a usual name of a label"
    if not candidates:
        raise DataError(
            f"no column can be the label: none of {len(facts)} has 2 to {_FEW_CLASSES} classes and "
            "a value in every row; name one: --label COLUMN"
        )
    if facts[-1] is candidates[-1]:
        return candidates[-1], "the last column, and it has few values"
    if facts[0] is candidates[0]:
        return candidates[0], "the first column, and it has few values"
    return candidates[-1], "the last column that has few values"


def _is_named(fact: ColumnFacts, name: str) -> bool:
    is_so_called = fact.name.strip().lower() == name
    return is_so_called and fact.distinct <= WHOLE_CLASSES and refusal(fact) is None


def _is_candidate(fact: ColumnFacts) -> bool:
    is_something_else = names.is_weight(fact.name) or fact.is_unique
    return not is_something_else and fact.distinct <= _FEW_CLASSES and refusal(fact) is None


def _is_a_number_to_predict(fact: ColumnFacts) -> bool:
    return fact.kind == "number" and looks_continuous(
        is_fractional=not fact.is_whole, distinct=fact.distinct, rows=fact.rows
    )

"""Whether a table's content can be learnt: labels that are classes, weights, sound features."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from typing import Any

from pyspark.sql import DataFrame

from pipeline.data.content import MOST_CLASSES, Content, look
from pipeline.data.roles import Roles
from pipeline.errors import DataError

logger = logging.getLogger(__name__)

FRACTIONAL_CLASSES = 20
WHOLE_CLASSES = 100
_ROWS_PER_CLASS = 20
_NAMED = 5  # how many of the things in question a message names
_SHOWN = 40  # how many characters of a value


def looks_continuous(*, is_fractional: bool, distinct: int, rows: int) -> bool:
    """Whether a numeric column is a number to predict rather than a class.

    Parameters
    ----------
    is_fractional : bool
        Whether any value is not a whole number.
    distinct : int
        Different values.
    rows : int
        Rows that have a value.

    Returns
    -------
    bool
        True for more than 20 values of which any is fractional; and for more than 100 whole
        numbers, when they are also more than a twentieth of the rows.
    """
    if is_fractional:
        return distinct > FRACTIONAL_CLASSES
    return distinct > WHOLE_CLASSES and distinct * _ROWS_PER_CLASS > rows


def check_label(df: DataFrame, roles: Roles, split: str | None = None) -> Counter[str]:
    """Look at all labels, weights and features, in one pass.

    Features that are the same or missing in every row are kept; a line in the log names them.

    Parameters
    ----------
    df : DataFrame
        A table whose columns have passed `check_roles`.
    roles : Roles
        What they are for.
    split : str, optional
        The column that names a row's split: every class must then have training rows, and
        training and validation rows that weigh more than 0.

    Returns
    -------
    Counter of str
        Rows of each split; of "" when the table has no splits.

    Raises
    ------
    DataError
        With every problem found, a line each: no rows; labels that are null, NaN, infinite or
        numbers to predict; fewer than two classes, or more than the rows can bear; weights that
        are null, negative, infinite, or all zero; infinite features. With counts.
    """
    found = look(df, roles, split)
    if not found.total:
        raise DataError("source: the table has no rows; check that it names the right one")
    problems = _label_problems(roles.label, found)
    if roles.weight is not None:
        problems += _weight_problems(roles.weight, found)
    problems += _feature_problems(roles, found)
    if problems:
        raise DataError("\n".join(problems))
    _warn_of_idle_features(found)
    return found.rows


def _label_problems(label: str, found: Content) -> list[str]:
    place, rows = f"columns.label: {label}", found.total
    for count, words, remedy in (
        (found.unlabelled, "null or NaN", "remove these rows, or give them a label"),
        (found.infinite_labels, "infinite", "remove these rows, or give them a label"),
        (
            found.huge_labels,
            "a whole number beyond 2^53",
            "such classes cannot be told apart as numbers: make text of them",
        ),
    ):
        if count:
            return [f"{place} is {words} in {count} of {rows} rows; {remedy}"]
    if len(found.classes) == 1:
        one = _shown(next(iter(found.classes)))
        return [f"{place} is {one} in all {rows} rows; there must be at least two classes"]
    return _class_problems(place, found) or _untrained_problems(place, found.classes)


def _class_problems(place: str, found: Content) -> list[str]:
    """Too many classes: a number to predict, an identifier, or too few rows."""
    classes, rows = len(found.classes), found.total
    many = f"more than {MOST_CLASSES}" if classes > MOST_CLASSES else str(classes)
    is_number = not any(isinstance(value, str | bool) for value in found.classes)
    if is_number and looks_continuous(
        is_fractional=found.fractional_labels > 0, distinct=classes, rows=rows
    ):
        return [
            f"{place} has {many} different values in {rows} rows: a number to predict rather than "
            "a class; the jobs do no regression yet: choose a column of classes, or make classes "
            "of its ranges"
        ]
    if classes > MOST_CLASSES:
        return [
            f"{place} has {many} different values in {rows} rows, more than there may be classes; "
            "choose another column, or put values together into classes"
        ]
    if rows < 2 * classes:
        return [
            f"{place} has {classes} classes in {rows} rows; there must be at least two rows for "
            "each class: put rare classes together, or add rows"
        ]
    return []


def _untrained_problems(place: str, classes: Mapping[Any, Counter[str]]) -> list[str]:
    """Classes of a split table that no training row has; none when no row trains at all."""
    if not any("train" in splits for splits in classes.values()):
        return []
    lacking = {value: splits for value, splits in classes.items() if "train" not in splits}
    if not lacking:
        return []
    told = [
        f"{_shown(value)} ({', '.join(f'{rows} in {name}' for name, rows in sorted(of.items()))})"
        for value, of in sorted(lacking.items())
    ]
    verb = "has" if len(lacking) == 1 else "have"
    return [
        f"{place}: {_listed(told)} {verb} no row among the training rows; remove these rows, put "
        "the class together with another, add rows, or split in another way (seed, split.by_time)"
    ]


def _weight_problems(weight: str, found: Content) -> list[str]:
    place, rows = f"columns.weight: {weight}", found.total
    counts: Counter[str] = sum(found.weights.values(), Counter())
    problems = [
        f"{place} is {words} in {counts[key]} of {rows} rows; {remedy}"
        for key, words, remedy in (
            ("unweighted", "null or NaN", "fill in a number, 0 to leave a row out"),
            ("negative", "negative", "a weight is at least 0"),
            ("infinite", "infinite", "use finite numbers"),
        )
        if counts[key]
    ]
    if problems:
        return problems
    if not counts["positive"]:
        return [f"{place} is 0 in all {rows} rows; some must weigh more"]
    return [
        f"{place} is 0 in all {found.rows[split]} rows of {split}; some must weigh more: change "
        "the weights, or split the rows in another way"
        for split in ("train", "validation")
        if found.rows[split] and not found.weights.get(split, Counter())["positive"]
    ]


def _feature_problems(roles: Roles, found: Content) -> list[str]:
    role = "columns.features" if roles.vector is None else "columns.vector"
    problems = [
        f"{role}: {name} is infinite, or beyond the 3.4e38 of a 32-bit float, in {facts.infinite} "
        f"of {found.total} rows; put null or a finite number there, or leave the column out"
        for name, facts in found.features.items()
        if facts.infinite
    ]
    if roles.vector is not None and (missing := found.features[roles.vector].missing):
        problems.append(
            f"{role}: {roles.vector} is null in {missing} of {found.total} rows; remove these rows"
        )
    return problems


def _warn_of_idle_features(found: Content) -> None:
    empty = [name for name, facts in found.features.items() if facts.missing == found.total]
    constant = [
        f"{name} ({_shown(facts.least)})"
        for name, facts in found.features.items()
        if not facts.missing and facts.least is not None and facts.least == facts.greatest
    ]
    for names, what in (
        (constant, "the same value in every row"),
        (empty, "no value in any row"),
    ):
        if names:
            logger.warning(
                "columns.features: %s in %s; kept, but nothing can be learnt from it: consider "
                "columns.drop",
                what,
                _listed(names),
            )


def _listed(names: list[str]) -> str:
    rest = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def _shown(value: Any) -> str:
    if isinstance(value, str) and len(value) > _SHOWN:
        value = value[:_SHOWN] + "…"
    return repr(value)

"""What to do when a table to be scored has other columns than the training table."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Mapping
from typing import Literal, TypeAlias

from pyspark.ml.linalg import VectorUDT
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql.types import (
    ArrayType,
    BooleanType,
    DataType,
    NullType,
    NumericType,
    StringType,
)

from pipeline.cli.casts import SQL_TYPES, as_trained
from pipeline.data.encoding import FeatureSchema
from pipeline.data.names import missing
from pipeline.data.roles import require_distinct
from pipeline.errors import DataError

logger = logging.getLogger(__name__)

Policy: TypeAlias = Literal["refuse", "ignore_extra", "null_for_missing"]

_WORDS = {
    "numeric": "a number",
    "boolean": "a boolean",
    "categorical": "text",
    "vector": "a vector or an array of numbers",
}
_NUMBERS = re.compile(r"(tinyint|smallint|int|bigint|float|double|decimal\(.*\))")


def fit_to(
    frame: DataFrame,
    features: FeatureSchema,
    trained: Mapping[str, str] | None,
    policy: Policy,
    *,
    unneeded: Collection[str] = (),
    is_text: bool = False,
) -> DataFrame:
    """The table with a model's features, each of the type that the model was trained on.

    Parameters
    ----------
    frame : DataFrame
        The table to be scored.
    features : FeatureSchema
        What the model needs.
    trained : mapping of str to str, optional
        Name and type of each column of the training table. Without it (a model that no job has
        trained) `refuse` refuses what `ignore_extra` does.
    policy : {"refuse", "ignore_extra", "null_for_missing"}
        `refuse` any column that is missing, new or of another type; let more columns pass
        through; take a missing feature for null too.
    unneeded : collection of str
        Columns of the training table that may be missing under every policy: its label, say.
    is_text : bool
        The table comes from a file that knows text only: text is then no change of type.

    Returns
    -------
    DataFrame
        Its columns, and missing features of nulls after them. By one Spark job when values must
        be looked at: text that stands for numbers, and numbers that may be infinite.

    Raises
    ------
    DataError
        When the policy refuses the table, or a feature cannot be read as in training; with every
        problem found, a line each, with the count of rows and an example.
    """
    require_distinct(frame.columns)
    problems = []
    if policy == "refuse" and trained is not None:
        problems += _differences(frame, trained, unneeded, is_text)
    if policy == "null_for_missing" and features.vector is None:
        frame = _with_nulls(frame, features)
    elif not problems:
        problems += _missing_features(frame, features)
    problems += _unreadable(frame, features)
    if problems:
        raise DataError("\n".join(problems))
    return as_trained(frame, features)


def _differences(
    frame: DataFrame, known: Mapping[str, str], unneeded: Collection[str], is_text: bool
) -> list[str]:
    """What `refuse` refuses."""
    problems = [
        f"column {name} of the training table is missing, and drift is refuse; add it"
        for name in known
        if name not in frame.columns and name not in unneeded
    ]
    problems += [
        f"column {name} was not in the training table, and drift is refuse; take it out, or set "
        "drift=ignore_extra"
        for name in frame.columns
        if name not in known
    ]
    for field in frame.schema.fields:
        before, now = known.get(field.name, ""), field.dataType.simpleString()
        is_plain_text = is_text and isinstance(field.dataType, StringType)
        if field.name in unneeded or is_plain_text:
            continue
        if before and _family(before) != _family(now):
            problems.append(
                f"column {field.name} is of type {now}; in training it was {before}, and drift is "
                "refuse: give it that type"
            )
    return problems


def _family(name: str) -> str:
    """Types that are told apart: a whole number may be stored in several, and read in another."""
    return "number" if _NUMBERS.fullmatch(name) else name


def _missing_features(frame: DataFrame, features: FeatureSchema) -> list[str]:
    remedy = (
        "add it, or set drift=null_for_missing to take it for missing in every row"
        if features.vector is None
        else "add it"
    )
    return [
        f"{missing(name, frame.columns, 'features of the model')}; {remedy}"
        for name in features.columns
        if name not in frame.columns
    ]


def _with_nulls(frame: DataFrame, features: FeatureSchema) -> DataFrame:
    lacking = [item for item in features.features if item.name not in frame.columns]
    if lacking and len(lacking) == len(features.features):
        raise DataError(
            "none of the model's features is in the table, which has: "
            f"{', '.join(frame.columns[:20])}; is it the right table?"
        )
    if lacking:
        names = ", ".join(item.name for item in lacking)
        logger.warning("missing from the table, so null in every row: %s", names)
    nulls = {item.name: F.lit(None).cast(SQL_TYPES[item.kind]) for item in lacking}
    return frame.withColumns(nulls) if nulls else frame


def _unreadable(frame: DataFrame, features: FeatureSchema) -> list[str]:
    """Features whose type cannot stand for that of training, whatever the values."""
    kinds = {field.name: field.dataType for field in frame.schema.fields}
    wanted: dict[str, str] = {item.name: item.kind for item in features.features}
    if features.vector is not None:
        wanted = {features.vector: "vector"}
    return [
        f"column {name} is of type {kinds[name].simpleString()}; in training it was "
        f"{_WORDS[kind]}: give it that type"
        for name, kind in wanted.items()
        if name in kinds and not _can_stand_for(kind, kinds[name])
    ]


def _can_stand_for(kind: str, found: DataType) -> bool:
    if kind == "vector":
        is_array = isinstance(found, ArrayType) and isinstance(found.elementType, NumericType)
        return is_array or isinstance(found, VectorUDT)
    if kind == "categorical":
        # A number's text is not sure to be the category: 01 is read as 1.
        return isinstance(found, StringType | NullType)
    return isinstance(found, NumericType | BooleanType | StringType | NullType)

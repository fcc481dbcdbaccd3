"""The rows of a fit as Spark jobs need them: identity, label position, weights and features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql.pandas.functions import pandas_udf

from pipeline.bagging.resampling import poisson_counts
from pipeline.bagging.spark_learners.features import Inputs
from pipeline.bagging.spark_learners.names import (
    BASE_WEIGHT,
    COUNT,
    KEY,
    LABEL,
    OWN_WEIGHT,
    ROW,
    WEIGHT,
)
from pipeline.data.encoding import FeatureSchema, LabelSchema
from pipeline.data.identity import row_hash
from pipeline.data.names import column
from pipeline.errors import DataError
from pipeline.estimators.encoder import GROUP
from pipeline.estimators.profile import Columns

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame


@dataclass(frozen=True)
class Content:
    """What one pass over the rows with their identity found.

    Parameters
    ----------
    fingerprint : str
        A number for the training rows' content that depends on neither order nor partitions.
    rows : dict of str to int
        Rows of each part, `train` and `validation`.
    values : dict of str to int
        Training rows with a value, of each typed feature.
    """

    fingerprint: str
    rows: dict[str, int]
    values: dict[str, int]


def content_of(
    rows: DataFrame, columns: Columns, schema: FeatureSchema, row_id: str | None
) -> Content:
    """Look at the rows: a Spark job, and another one for identities of the user's own.

    Parameters
    ----------
    rows : DataFrame
        Rows with their identity.
    columns : Columns
        What the columns are for.
    schema : FeatureSchema
        The rows' features.
    row_id : str or None
        The column of their identity, where the user has named it.

    Raises
    ------
    DataError
        When there are no training rows, features are infinite, or identities are null or not
        unique.
    """
    if row_id:
        _require_unique(training_rows(rows, columns), row_id)
    is_training = _is_training(columns)
    hashed = row_hash(rows, rows.columns).cast("decimal(20,0)")
    wanted = [
        F.coalesce(F.sum(F.when(is_training, hashed)), F.lit(0)).alias("content"),
        F.count(F.when(is_training, 1)).alias("train"),
        F.count(F.when(~is_training, 1)).alias("validation"),
    ]
    for place, item in enumerate(schema.features):
        value = column(item.name)
        if item.kind != "categorical":
            value = value.cast("double")
            is_infinite = F.abs(value) == float("inf")
            wanted.append(F.count(F.when(is_training & is_infinite, 1)).alias(f"infinite_{place}"))
            value = F.when(~F.isnan(value), value)
        wanted.append(F.count(F.when(is_training, value)).alias(f"values_{place}"))
    found: dict[str, Any] = rows.agg(*wanted).collect()[0].asDict()
    for place, item in enumerate(schema.features):
        if infinite := found.get(f"infinite_{place}"):
            raise DataError(
                f"column {item.name}: {infinite} infinite values; replace them by null or by a "
                "finite number"
            )
    counts = {part: int(found[part]) for part in ("train", "validation")}
    if not counts["train"]:
        raise DataError("no training rows are left: every row is marked for validation")
    if columns.validation is not None and not counts["validation"]:
        raise DataError(f"no row is marked for validation in column {columns.validation}")
    values = {
        item.name: int(found[f"values_{place}"]) for place, item in enumerate(schema.features)
    }
    return Content(f"{int(found['content']) % 2**128:032x}", counts, values)


def _require_unique(training: DataFrame, row_id: str) -> None:
    """Refuse identities that are null or not unique: votes of rows are joined by them."""
    value = column(row_id).cast("long")
    # By itself: beside a count of distinct values, Spark would keep all other sums for each value.
    counts = [F.count(F.lit(1)), F.count(value), F.count_distinct(value)]
    total, filled, distinct = training.agg(*counts).collect()[0]
    if filled < total:
        raise DataError(
            f"rowIdCol: {row_id} is null in {total - filled} of {total} training rows; fill it"
        )
    if distinct < total:
        raise DataError(
            f"rowIdCol: {row_id} has {distinct} different values in {total} training rows; it must "
            "be unique: remove the copies, or leave rowIdCol out"
        )


def training_rows(rows: DataFrame, columns: Columns) -> DataFrame:
    """The rows that are not marked for validation."""
    return rows if columns.validation is None else rows.where(_is_training(columns))


def prepared(
    rows: DataFrame,
    id_column: str,
    columns: Columns,
    label: LabelSchema,
    class_weights: tuple[float, ...],
    inputs: Inputs,
) -> DataFrame:
    """Training rows with their identity and key of the draw, label, weights, and features.

    Parameters
    ----------
    rows : DataFrame
        Training rows.
    id_column : str
        Their identity.
    columns : Columns
        What the other columns are for.
    label : LabelSchema
        What the labels mean.
    class_weights : tuple of float
        What rows of each class weigh; empty: 1.
    inputs : Inputs
        How learners see the features.
    """
    position = _position(label)
    own = F.lit(1.0) if columns.weight is None else column(columns.weight).cast("double")
    base = own
    if class_weights:
        weights = F.array(*map(F.lit, class_weights))
        base = own * F.element_at(weights, (position + 1).cast("int"))
    row = column(id_column).cast("long")
    chosen = rows.select(
        row.alias(ROW),
        (row if columns.group is None else column(GROUP)).alias(KEY),
        position.alias(LABEL, metadata=_nominal(label)),
        own.alias(OWN_WEIGHT),
        base.alias(BASE_WEIGHT),
        *map(column, inputs.schema.columns),
    )
    return inputs.prepared(chosen)


def in_bag(frame: DataFrame, seed: int, replica: int, rate: float) -> DataFrame:
    """The rows of a replica's sample, each with its weight: draws, times what it weighs anyway."""

    def count(keys: pd.Series) -> pd.Series:
        return pd.Series(poisson_counts(seed, replica, keys.to_numpy(), rate))

    make: Any = pandas_udf  # its stubs know the functions of some types only
    # Spark would compute a deterministic one twice, for the rows and again for the weights.
    counted = make(count, "long").asNondeterministic()
    drawn = frame.withColumn(COUNT, counted(column(KEY)))
    weighed = drawn.withColumn(WEIGHT, column(COUNT) * column(BASE_WEIGHT))
    return weighed.where(column(WEIGHT) > 0)


def _is_training(columns: Columns) -> Column:
    if columns.validation is None:
        return F.lit(True)
    return ~F.coalesce(column(columns.validation), F.lit(False))


def _position(label: LabelSchema) -> Column:
    """The position of a row's class, or its value."""
    value = column(label.name)
    if label.is_number:
        return value.cast("double")
    if not label.is_text:
        value = value.cast("double") + F.lit(0.0)  # -0.0 is 0.0
    places = [part for at, each in enumerate(label.classes) for part in (F.lit(each), F.lit(at))]
    return F.element_at(F.create_map(*places), value).cast("double")


def _nominal(label: LabelSchema) -> dict[str, Any]:
    """Tells MLlib how many classes there are, whichever of them a sample holds."""
    if label.is_number:
        return {}
    return {"ml_attr": {"type": "nominal", "num_vals": len(label.classes)}}

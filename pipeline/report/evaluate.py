"""Evaluate a scored table split by split; only counts and sums come to the driver."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.ml.functions import vector_to_array
from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as fn
from pyspark.sql.types import StringType
from pyspark.storagelevel import StorageLevel

from pipeline.data.names import column as by_name
from pipeline.errors import DataError
from pipeline.report.evaluation import UNDEFINED, BinnedCounts, Evaluation, check_same_rows
from pipeline.report.ranking import areas_under_roc

__all__ = ["BinnedCounts", "Evaluation", "check_same_rows", "evaluate"]

BINS = 1000
CONFUSION_CLASSES = 20
_CLIP = 1e-15


@dataclass(frozen=True)
class _Columns:
    label: str
    prediction: str
    probability: str
    split: str


def evaluate(
    scored: DataFrame,
    *,
    classes: Sequence[object],
    label: str = "label",
    prediction: str = "prediction",
    probability: str = "probability",
    split: str = "split",
) -> dict[str, Evaluation]:
    """Evaluate a classifier's predictions on every split of a table.

    The table is read once; what is needed of it is kept by the executors until the end.

    Parameters
    ----------
    scored : DataFrame
        One row per row of the table.
    classes : sequence
        The label's values, in the order of the probabilities; of two, the last is the positive.
    label, prediction : str
        Columns of the label's own values, as numbers or as strings.
    probability : str
        Column of vectors with one probability per class.
    split : str
        Column which names the split of the row.

    Returns
    -------
    dict of str to Evaluation
        One per split found.

    Raises
    ------
    DataError
        When a row has no split, a label or prediction that is not one of `classes`, or not one
        probability per class.
    """
    if len(classes) < 2 or len(set(classes)) < len(classes):
        raise DataError(f"expected two or more different classes, got {list(classes)!r}")
    columns = _Columns(label, prediction, probability, split)
    rows = _indexed(scored, classes, columns).persist(StorageLevel.MEMORY_AND_DISK)
    try:
        totals = {row["split"]: row for row in _totals(rows, len(classes))}
        _check(totals.values(), classes, columns)
        areas = areas_under_roc(_scores(rows, len(classes)))
        counts = _counts(rows, len(classes))
    finally:
        rows.unpersist()
    return {
        name: _evaluation(
            total,
            [area for (group, _), area in areas.items() if group == name],
            counts[name],
            tuple(str(value) for value in classes),
        )
        for name, total in sorted(totals.items())
    }


def _indexed(scored: DataFrame, classes: Sequence[object], columns: _Columns) -> DataFrame:
    """The table as: split, indices of label and prediction, probabilities."""
    missing = [name for name in vars(columns).values() if name not in scored.columns]
    if missing:
        raise DataError(f"the scored table has no column {', '.join(missing)}")
    return scored.select(
        by_name(columns.split).cast("string").alias("split"),
        _index(scored, columns.label, classes).alias("label"),
        _index(scored, columns.prediction, classes).alias("prediction"),
        vector_to_array(by_name(columns.probability)).alias("probability"),
    )


def _index(scored: DataFrame, name: str, classes: Sequence[object]) -> Column:
    """Position of the column's value among the classes; null when it is not there."""
    values: list[Any]
    if isinstance(scored.schema[name].dataType, StringType):
        values, column = [str(value) for value in classes], by_name(name)
    else:
        values, column = [_number(value, name) for value in classes], by_name(name).cast("double")
    return fn.coalesce(*(fn.when(column == value, at) for at, value in enumerate(values)))


def _number(value: Any, name: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise DataError(f"column {name} holds numbers, but the class {value!r} is none") from None


def _totals(rows: DataFrame, class_count: int) -> list[Row]:
    own = fn.get(fn.col("probability"), fn.col("label"))
    clipped = fn.least(fn.greatest(own, fn.lit(_CLIP)), fn.lit(1 - _CLIP))

    def count(condition: Column) -> Column:
        return fn.sum(fn.when(condition, 1).otherwise(0))

    sizes_differ = fn.col("probability").isNull() | (fn.size("probability") != class_count)
    return (
        rows.groupBy("split")
        .agg(
            fn.count(fn.lit(1)).alias("rows"),
            fn.avg(-fn.log(clipped)).alias("log_loss"),
            count(fn.col("label") == fn.col("prediction")).alias("right"),
            count(fn.col("label").isNull()).alias("unknown_labels"),
            count(fn.col("prediction").isNull()).alias("unknown_predictions"),
            count(sizes_differ).alias("wrong_sizes"),
            count(fn.exists("probability", fn.isnan)).alias("not_numbers"),
        )
        .collect()
    )


def _check(totals: Iterable[Row], classes: Sequence[object], columns: _Columns) -> None:
    listed = ", ".join(repr(value) for value in classes[:CONFUSION_CLASSES])
    reasons = {
        "unknown_labels": f"a {columns.label} that is none of the classes ({listed})",
        "unknown_predictions": f"a {columns.prediction} that is none of the classes ({listed})",
        "wrong_sizes": f"a {columns.probability} without exactly {len(classes)} entries",
    }
    for total in totals:
        if total["split"] is None:
            raise DataError(f"{total['rows']} rows have no {columns.split}")
        for key, reason in reasons.items():
            if total[key]:
                raise DataError(f"{total[key]} rows of split {total['split']} have {reason}")


def _scores(rows: DataFrame, class_count: int) -> DataFrame:
    """One row per table row and class to be told from the rest; of two classes only the last."""
    if class_count == 2:
        each = rows.select(
            "split", "label", fn.lit(1).alias("class"), fn.col("probability")[1].alias("score")
        )
    else:
        each = rows.select("split", "label", fn.posexplode("probability").alias("class", "score"))
    return each.withColumn("positive", fn.col("label") == fn.col("class"))


def _counts(rows: DataFrame, class_count: int) -> dict[str, list[Row]]:
    """Rows by label and prediction, with two classes also by bin of the probability."""
    found: dict[str, list[Row]] = defaultdict(list)
    if class_count > CONFUSION_CLASSES:
        return found
    keys = [fn.col("split"), fn.col("label"), fn.col("prediction")]
    if class_count == 2:
        score = fn.col("probability")[1]
        inside = fn.least(fn.greatest(fn.floor(score * BINS), fn.lit(0)), fn.lit(BINS - 1))
        keys.append(fn.when(~fn.isnan(score), inside).alias("bin"))
    for row in rows.groupBy(*keys).count().collect():
        found[row["split"]].append(row)
    return found


def _evaluation(
    total: Row, areas: list[float], counts: list[Row], classes: tuple[str, ...]
) -> Evaluation:
    sound = not total["not_numbers"]
    # A class without rows has no area; the mean of the others would flatter the model.
    area = math.fsum(areas) / len(areas) if sound and areas else UNDEFINED
    return Evaluation(
        rows=total["rows"],
        auc=area,
        log_loss=total["log_loss"] if sound else UNDEFINED,
        accuracy=total["right"] / total["rows"],
        curves=_curves(counts) if len(classes) == 2 else None,
        confusion=_confusion(counts, len(classes)) if counts else None,
        classes=classes,
    )


def _curves(counts: list[Row]) -> BinnedCounts:
    bins = ([0] * BINS, [0] * BINS)
    for row in counts:
        if row["bin"] is not None:
            bins[row["label"]][row["bin"]] += row["count"]
    return BinnedCounts(negatives=tuple(bins[0]), positives=tuple(bins[1]))


def _confusion(counts: list[Row], class_count: int) -> tuple[tuple[int, ...], ...]:
    cells = [[0] * class_count for _ in range(class_count)]
    for row in counts:
        # Row is a tuple: .count would be its method.
        cells[row["label"]][row["prediction"]] += row["count"]
    return tuple(map(tuple, cells))

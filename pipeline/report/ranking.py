"""Exact areas under ROC curves of many groups at once, without a global sort on one machine."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from pyspark.sql import DataFrame, Row, Window
from pyspark.sql import functions as fn

from pipeline.report.evaluation import UNDEFINED


class _Piece(NamedTuple):
    """A run of neighbouring scores: what is needed to join it to the runs below it."""

    lowest: float
    positives: int
    negatives: int
    pairs: float


def areas_under_roc(scores: DataFrame) -> dict[tuple[str, int], float]:
    """Areas under the ROC curve, one per split and class.

    The area is the share of (positive, negative) pairs in which the positive row has the higher
    score; a tie counts as half a pair.

    Parameters
    ----------
    scores : DataFrame
        Columns `split` (string), `class` (int), `score` (double), `positive` (boolean).

    Returns
    -------
    dict
        By (split, class); NaN when the group has rows of one kind only.
    """
    distinct = scores.groupBy("split", "class", "score").agg(
        fn.sum(fn.col("positive").cast("long")).alias("positives"),
        fn.sum((~fn.col("positive")).cast("long")).alias("negatives"),
    )
    # Ranges of scores are ranked side by side and joined on the driver: a window over a whole
    # split would be one task.
    ranged = distinct.repartitionByRange("split", "class", "score").withColumn(
        "range", fn.spark_partition_id()
    )
    below = (
        Window.partitionBy("split", "class", "range")
        .orderBy("score")
        .rowsBetween(Window.unboundedPreceding, -1)
    )
    negatives_below = fn.coalesce(fn.sum("negatives").over(below), fn.lit(0)).cast("double")
    pairs = fn.col("positives") * (negatives_below + fn.col("negatives") / 2)
    pieces = (
        ranged.withColumn("pairs", pairs)
        .groupBy("split", "class", "range")
        .agg(
            fn.min("score").alias("lowest"),
            fn.sum("positives").alias("positives"),
            fn.sum("negatives").alias("negatives"),
            fn.sum("pairs").alias("pairs"),
        )
    )
    return _joined(pieces.collect())


def _joined(rows: Iterable[Row]) -> dict[tuple[str, int], float]:
    groups: dict[tuple[str, int], list[_Piece]] = defaultdict(list)
    for row in rows:
        piece = _Piece(row["lowest"], row["positives"], row["negatives"], row["pairs"])
        groups[row["split"], row["class"]].append(piece)
    return {key: _area(pieces) for key, pieces in groups.items()}


def _area(pieces: list[_Piece]) -> float:
    pairs, positives, negatives = 0.0, 0, 0
    for piece in sorted(pieces):
        pairs += piece.pairs + float(piece.positives) * negatives
        positives += piece.positives
        negatives += piece.negatives
    if not positives or not negatives:
        return UNDEFINED
    return pairs / (float(positives) * negatives)

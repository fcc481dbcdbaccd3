"""Columns and rows: what boosting reads besides features and label, and what scoring adds."""

from __future__ import annotations

import math
from typing import ClassVar

from pyspark.ml.param import TypeConverters

from pipeline.estimators.converters import as_it_is
from pipeline.estimators.params import ColumnParams, OurParams, Rule, declare


class ScoredColumns(ColumnParams):
    """What scoring reads and adds beyond predictions."""

    baseMarginCol = declare(  # noqa: N815
        "baseMarginCol",
        "column of margins to start from: a number, or for several classes a vector or array",
        TypeConverters.toString,
    )
    leafCol = declare(  # noqa: N815
        "leafCol",
        "column to add with the leaf of each tree that a row falls into, an array; default: none",
        TypeConverters.toString,
    )
    contribCol = declare(  # noqa: N815
        "contribCol",
        "column to add with SHAP contributions of the features, and last the bias, in margins, an "
        "array (for several classes one class after the other); default: none",
        TypeConverters.toString,
    )


class RowParams(OurParams):
    """What rows and columns mean to XGBoost."""

    missing = declare(
        "missing",
        "a number that means missing, besides null and NaN, in training and scoring; with sparse "
        "vectors zeros are missing always",
        TypeConverters.toFloat,
    )
    feature_types = declare(
        "feature_types",
        "a type for each column of a vector: q or float (number), i or int (whole number), c "
        "(category, coded 0, 1, …); default: strings are categories, the rest numbers",
        TypeConverters.toListString,
    )
    feature_weights = declare(
        "feature_weights",
        "how often each column is drawn by colsample_*: a map by name, or a list by place",
        as_it_is,
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("missing", lambda value: math.isfinite(value), "a finite number"),
        Rule(
            "feature_types",
            lambda value: all(each in ("q", "float", "i", "int", "c") for each in value),
            "a list of q, float, i, int or c",
        ),
    )

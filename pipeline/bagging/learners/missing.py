"""Missing values of dense rows, filled for training, and found again by the trees.

XGBoost handles a matrix without holes in half the time. So a missing number is trained on as one
below all others, and a missing category as a category of its own; afterwards each split is told to
send missing values to the side where it sent what they were filled with. Rows are scored as they
are: the trees are plain XGBoost trees.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from pipeline.boosting import ubjson
from pipeline.data.encoding import FeatureSchema, Matrix

BELOW_ALL = np.float32(-1e37)
"""Stands for a missing number. Numbers below it are possible, and then share its side of splits."""


def filled(schema: FeatureSchema, matrix: Matrix) -> Matrix:
    """A copy of a dense matrix without missing values; the matrix itself where it has none."""
    if not isinstance(matrix, np.ndarray):
        raise TypeError("sparse rows have no missing values to fill")
    missing = np.isnan(matrix)
    if not missing.any():
        return matrix
    stand_ins = np.full(matrix.shape[1], BELOW_ALL, dtype=np.float32)
    for place in schema.categorical:
        stand_ins[place] = _own_category(schema, place)
    return np.where(missing, stand_ins, matrix)


def sent_as_filled(data: bytes, schema: FeatureSchema) -> bytes:
    """A booster's file whose splits send missing values where they sent the filled ones.

    Parameters
    ----------
    data : bytes
        XGBoost's file (UBJSON) of a booster that was trained on filled rows.
    schema : FeatureSchema
        Which columns are categorical.
    """
    document = ubjson.read(data)
    for tree in document["learner"]["gradient_booster"]["model"]["trees"]:
        tree["default_left"] = _defaults(tree, schema)
    sink = io.BytesIO()
    ubjson.write(document, sink)
    return sink.getvalue()


def _defaults(tree: dict[str, Any], schema: FeatureSchema) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """1 for each node that sends missing values to the left.

    A number below all others is below every threshold, so it goes left. Of categories, those that
    a split lists go right.
    """
    kind = np.asarray(tree["default_left"]).dtype
    found = np.ones(len(tree["default_left"]), dtype=kind)
    columns = np.asarray(tree["split_indices"])
    listed = np.asarray(tree["categories"])
    for node, start, size in zip(
        np.asarray(tree["categories_nodes"]).tolist(),
        np.asarray(tree["categories_segments"]).tolist(),
        np.asarray(tree["categories_sizes"]).tolist(),
        strict=True,
    ):
        own = _own_category(schema, int(columns[node]))
        found[node] = own not in listed[start : start + size]
    found[np.asarray(tree["left_children"]) < 0] = 0  # leaves, as XGBoost writes them
    return found


def _own_category(schema: FeatureSchema, place: int) -> int:
    """The code of missing values of a categorical column: the one after all others."""
    return len(schema.features[place].categories)

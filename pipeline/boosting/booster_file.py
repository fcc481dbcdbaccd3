"""A booster's file with the categories of its columns, as XGBoost itself would write them.

Rows are trained on with categories as codes. A file that lists the categories can be used in plain
XGBoost on a data frame whose categories are coded in another way.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from pipeline.boosting import ubjson
from pipeline.data.encoding import FeatureSchema


def with_categories(data: bytes, schema: FeatureSchema) -> bytes:
    """The file with the schema's categories.

    Parameters
    ----------
    data : bytes
        XGBoost's file (UBJSON) of a booster that was trained on codes.
    schema : FeatureSchema
        What the codes mean.
    """
    if not any(feature.categories for feature in schema.features):
        return data
    return _with(data, _container(schema))


def without_categories(data: bytes) -> bytes:
    """The file as XGBoost writes it of a booster that was trained on codes."""
    empty = {
        "enc": [],
        "feature_segments": np.empty(0, dtype=np.int32),
        "sorted_idx": np.empty(0, dtype=np.int32),
    }
    return _with(data, empty)


def trees_of(document: Any) -> Any:
    """The trees of a booster's document, which dart keeps a level deeper."""
    booster = document["learner"]["gradient_booster"]
    return booster.get("gbtree", booster)["model"]


def _with(data: bytes, categories: dict[str, Any]) -> bytes:
    document = ubjson.read(data)
    trees_of(document)["cats"] = categories
    sink = io.BytesIO()
    ubjson.write(document, sink)
    return sink.getvalue()


def _container(schema: FeatureSchema) -> dict[str, Any]:
    columns, orders = [], []
    for feature in schema.features:
        texts = [each.encode() for each in feature.categories]
        lengths = np.cumsum([0, *map(len, texts)]) if texts else np.empty(0)
        columns.append(
            {
                "offsets": lengths.astype(np.int32),
                "values": np.frombuffer(b"".join(texts), dtype=np.int8),
            }
        )
        orders.append(sorted(range(len(texts)), key=texts.__getitem__))
    counts = [len(each) for each in orders]
    return {
        "enc": columns,
        "feature_segments": np.cumsum([0, *counts]).astype(np.int32),
        "sorted_idx": np.asarray([place for order in orders for place in order], dtype=np.int32),
    }

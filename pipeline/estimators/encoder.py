"""A batch of the training frame as rows of a shard; runs on executors.

A module of its own: what the estimator needs on the driver takes a Python worker a second to load.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import DataError
from pipeline.estimators.extras import encode_extras
from pipeline.spark.shard_file import ShardRows
from pipeline.spark.shards import EncodedBatch

if TYPE_CHECKING:
    from pipeline.data.encoding import FeatureSchema, LabelSchema
    from pipeline.estimators.profile import Columns

GROUP = "__group"
"""The column of groups' hashes, in a frame of rows with their identity."""


def encode(
    features: FeatureSchema,
    label: LabelSchema,
    columns: Columns,
    id_column: str,
    names: list[str],
    batch: pa.RecordBatch,
) -> EncodedBatch:
    """Encode a batch of the training frame, whose columns have these names."""
    batch = batch.rename_columns(names)
    nulls = batch.column(id_column).null_count
    if nulls:
        raise DataError(f"rowIdCol: {id_column} is null in {nulls} rows of a batch; fill it")
    weights = None
    if columns.weight is not None:
        weights = pc.cast(batch.column(columns.weight), pa.float32(), safe=False).to_numpy()
    groups = None
    if columns.group is not None:
        groups = np.asarray(batch.column(GROUP).to_numpy(zero_copy_only=False), dtype=np.int64)
    rows = ShardRows(
        np.asarray(batch.column(id_column).to_numpy(zero_copy_only=False), dtype=np.int64),
        features.encode(batch),
        label.encode(batch.column(columns.label)),
        weights,
        groups,
        encode_extras(batch, columns),
    )
    if columns.validation is None:
        return EncodedBatch(rows)
    marks = pc.fill_null(batch.column(columns.validation), False)
    return EncodedBatch(rows, np.asarray(marks.to_numpy(zero_copy_only=False), dtype=np.bool_))

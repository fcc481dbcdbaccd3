"""Each row's out-of-bag prediction, as Parquet beside the replicas."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline import files
from pipeline.bagging.votes import Ballot, Doubles, Votes
from pipeline.data.encoding import LabelSchema
from pipeline.spark.shard_file import Integers

_GROUP_ROWS = 100_000


def directory_of(ballot: Ballot, replicas: int) -> str:
    """The name of the directory: fits that share a checkpoint may differ in both.

    Parameters
    ----------
    ballot : Ballot
        How replicas vote.
    replicas : int
        How many have voted.
    """
    return f"out-of-bag-{ballot.combine}-{replicas}"


def write_rows(uri: str, label: LabelSchema, ballot: Ballot, ids: Integers, votes: Votes) -> None:
    """Write rows with their identity, how many replicas voted on them, and what for.

    A row without a vote has no prediction: NaN, or null where classes are strings, and NaN
    probabilities.
    """
    means = votes.means()
    kind = pa.string() if label.is_text else pa.float64()
    fields = [("row_id", pa.int64()), ("votes", pa.int32()), ("prediction", kind)]
    if not label.is_number:
        fields.append(("probability", pa.list_(pa.float64())))
    schema = pa.schema(fields)
    sink = io.BytesIO()
    with pq.ParquetWriter(sink, schema) as writer:
        for start in range(0, len(ids), _GROUP_ROWS):
            own = slice(start, start + _GROUP_ROWS)
            columns = _columns(label, ballot, ids[own], votes.counts[own], means[own])
            writer.write_table(pa.table(columns, schema=schema))
    files.write_bytes(uri, sink.getvalue())


def _columns(
    label: LabelSchema,
    ballot: Ballot,
    ids: Integers,
    counts: npt.NDArray[np.int32],
    means: Doubles,
) -> dict[str, pa.Array]:
    columns = {
        "row_id": pa.array(ids),
        "votes": pa.array(counts),
        "prediction": _predictions(label, ballot, means, counts > 0),
    }
    if not label.is_number:
        shares = np.column_stack([1 - means, means]) if ballot.classes == 2 else means
        offsets = pa.array(np.arange(len(ids) + 1, dtype=np.int32) * ballot.classes)
        flat = pa.array(shares.reshape(-1), from_pandas=False)
        columns["probability"] = pa.ListArray.from_arrays(offsets, flat)
    return columns


def _predictions(
    label: LabelSchema, ballot: Ballot, means: Doubles, voted: npt.NDArray[np.bool_]
) -> pa.Array:
    predicted = ballot.predicted(np.where(voted[:, None], means, 0.0))
    if label.is_number:
        return pa.array(np.where(voted, predicted, np.nan))
    found = label.decode(predicted)
    if label.is_text:
        values = found.to_numpy(zero_copy_only=False)
        return pa.array(values, type=pa.string(), mask=~voted)
    return pa.array(np.where(voted, found.to_numpy(), np.nan))

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


def directory_of(ballot: Ballot, replicas: int) -> str:
    """The name of the directory: fits that share a checkpoint may differ in both."""
    return f"out-of-bag-{ballot.combine}-{replicas}"


def write_rows(uri: str, label: LabelSchema, ballot: Ballot, ids: Integers, votes: Votes) -> None:
    """Write rows with their identity, how many replicas voted on them, and what for.

    A row without a vote has no prediction: NaN, or null where classes are strings, and NaN
    probabilities.
    """
    means = votes.means()
    voted = votes.counts > 0
    columns = {
        "row_id": pa.array(ids),
        "votes": pa.array(votes.counts),
        "prediction": _predictions(label, ballot, means, voted),
    }
    if not label.is_number:
        shares = np.column_stack([1 - means, means]) if ballot.classes == 2 else means
        flat = pa.array(shares.reshape(-1))
        offsets = pa.array(np.arange(len(ids) + 1, dtype=np.int32) * ballot.classes)
        columns["probability"] = pa.ListArray.from_arrays(offsets, flat)
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    files.write_bytes(uri, sink.getvalue())


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

"""A number for the content of encoded rows that depends neither on their order nor on their shards.

Each row is mixed into 64 bits, with its identity, label, weight and extras; rows are added up. So
two tables that differ in one value differ, also where the user's own row ids are the same.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse

from pipeline.spark.shard_file import Integers, Matrix, ShardRows

Hashes = npt.NDArray[np.uint64]

_PRIME = np.uint64(0x9E3779B97F4A7C15)


def content_sum(rows: ShardRows) -> int:
    """The sum of the rows' hashes, 0 without rows."""
    if not len(rows):
        return 0
    mixed = mix(rows.ids.view(np.uint64)) + _of_features(rows.features)
    mixed = mix(mixed ^ _bits(rows.labels))
    if rows.weights is not None:
        mixed = mix(mixed ^ _bits(rows.weights))
    if rows.extras is not None:
        mixed = mix(mixed ^ _of_features(rows.extras))
    return int(mixed.sum(dtype=np.uint64))


def group_sum(rows: ShardRows) -> int:
    """The sum of hashes of each row's identity and group, 0 without groups."""
    if rows.groups is None:
        return 0
    mixed = mix(rows.ids.view(np.uint64) ^ mix(rows.groups.view(np.uint64)))
    return int(mixed.sum(dtype=np.uint64))


def mix(values: Hashes) -> Hashes:
    """Scramble 64 bits, one to one.

    References
    ----------
    G. Steele, D. Lea, C. Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014,
    figure 16 (the finalizer known as variant 13).
    """
    found = values + _PRIME
    found = (found ^ (found >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    found = (found ^ (found >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(found ^ (found >> np.uint64(31)), dtype=np.uint64)


def _of_features(features: Matrix) -> Hashes:
    """A sum over columns: of each value's bits, mixed with its column's number."""
    if isinstance(features, sparse.csr_matrix):
        cells = mix(_bits(features.data) + mix(_numbers(features.indices)))
        sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(cells, dtype=np.uint64)])
        return np.asarray(sums[features.indptr[1:]] - sums[features.indptr[:-1]])
    total = np.zeros(features.shape[0], dtype=np.uint64)
    for place, number in enumerate(mix(np.arange(features.shape[1], dtype=np.uint64))):
        total += mix(_bits(features[:, place]) + number)
    return total


def _bits(values: npt.NDArray[np.float32]) -> Hashes:
    """The values' bits; 0 and -0 are one value, and so are all NaN."""
    plain = np.where(np.isnan(values), np.float32(np.nan), values + np.float32(0.0))
    return np.asarray(plain, dtype=np.float32).view(np.uint32).astype(np.uint64)


def _numbers(values: Integers) -> Hashes:
    return values.astype(np.uint64)

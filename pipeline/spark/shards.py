"""Writing a frame as shards, once, and opening them where the training happens.

A row's shard is a function of its identity alone (`repartition(n, id)`), and inside a shard rows
are in the order of their identity, so a shard's bytes do not depend on how the input was
partitioned or ordered.
"""

from __future__ import annotations

import hashlib
import logging
import socket
import tempfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline import files
from pipeline.errors import StoreError
from pipeline.files.local_directory import local_directory
from pipeline.files.only_one import OnlyOne
from pipeline.spark.content_hash import content_sum, group_sum
from pipeline.spark.scratch import require_visible
from pipeline.spark.shard_file import (
    CHUNK_ROWS,
    Integers,
    Shard,
    ShardRows,
    ShardWriter,
    concatenate,
)
from pipeline.spark.told import run_on_partitions

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

logger = logging.getLogger(__name__)

Part: TypeAlias = Literal["train", "validation"]
PARTS: tuple[Part, ...] = ("train", "validation")

_WRAP = 1 << 64
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Layout:
    """What the rows of a shard set look like.

    Parameters
    ----------
    width : int
        Columns of the feature matrix.
    is_sparse, is_weighted, is_grouped : bool
        Whether features are sparse; whether rows have weights; whether they belong to groups.
    keeps_groups : bool
        Whether all rows of a group lie in one shard, one after the other.
    extras : int
        Further numbers of each row.
    """

    width: int
    is_sparse: bool
    is_weighted: bool
    is_grouped: bool = False
    keeps_groups: bool = False
    extras: int = 0


@dataclass(frozen=True)
class EncodedBatch:
    """A batch of the frame, encoded, with the part that each row belongs to."""

    rows: ShardRows
    is_validation: npt.NDArray[np.bool_] | None = None


Encoder: TypeAlias = Callable[[pa.RecordBatch], EncodedBatch]


@dataclass(frozen=True)
class ShardSet:
    """The shards of one fit.

    Parameters
    ----------
    uri : str
        The scratch directory.
    count : int
        Number of shards of each part.
    layout : Layout
        What the rows look like.
    rows : dict
        Rows of each part, all shards together.
    sizes : dict
        Rows of each shard, by part.
    fingerprint : str
        Hash of the rows' identities, content and parts: equal for equal data, whatever its
        partitioning.
    group_fingerprint : str
        Hash of the groups that the rows belong to; empty where they belong to none.
    checksums : dict
        CRC-32 of each shard's file, by part; those without are not checked.
    """

    uri: str
    count: int
    layout: Layout
    rows: dict[Part, int]
    sizes: dict[Part, tuple[int, ...]]
    fingerprint: str
    group_fingerprint: str = ""
    checksums: dict[Part, tuple[int, ...]] = field(default_factory=dict)

    def open(self, part: Part, place: int) -> Shard:
        """Map one shard; a remote one is brought to this host's disk first.

        Raises
        ------
        StoreError
            When it is missing, or is not what was written.
        """
        uri = _shard_uri(self.uri, part, place)
        path = _local_copy(uri)
        if part in self.checksums and checksum(path) != self.checksums[part][place]:
            raise StoreError(
                f"shard {uri} is damaged on host {socket.gethostname()}: its bytes are not those "
                "that were written. Check the disk, then start again"
            )
        return Shard(path)

    def open_all(self, part: Part) -> Shard:
        """Map all rows of a part as one shard in the order of their identity.

        The copy is made once per host, by the first process that asks for it.
        """
        if self.count == 1:
            return self.open(part, 0)
        directory = _shared_directory(self.uri)
        target = directory / f"{part}-all.arrow"
        with OnlyOne(directory / f"{part}-all.lock"):
            if not target.exists():
                _merge([self.open(part, place) for place in range(self.count)], target, self.layout)
        return Shard(target)


def write_shards(
    frame: DataFrame,
    *,
    uri: str,
    count: int,
    id_column: str,
    layout: Layout,
    encoder: Encoder,
    group_column: str | None = None,
) -> ShardSet:
    """Write every row of a frame into shards: one Spark job.

    Parameters
    ----------
    frame : DataFrame
        The rows, with their identity in `id_column`.
    uri : str
        An open scratch directory.
    count : int
        Number of shards of each part.
    id_column : str
        A column of 64-bit row identities.
    layout : Layout
        What the encoder produces.
    encoder : callable
        Turns an Arrow batch of `frame` into encoded rows; runs on executors.
    group_column : str, optional
        A column of 64-bit hashes of groups, by which rows are placed where the layout keeps groups
        together.

    Raises
    ------
    UserError
        When an executor does not see the scratch directory, or a row cannot be encoded.
    """
    if layout.keeps_groups and group_column is not None:
        placed = frame.repartition(count, group_column)
        placed = placed.sortWithinPartitions(group_column, id_column)
    else:
        placed = frame.repartition(count, id_column).sortWithinPartitions(id_column)

    def write(batches: Iterable[pa.RecordBatch]) -> list[_Written]:
        from pyspark import TaskContext

        context = TaskContext.get()
        place = 0 if context is None else context.partitionId()
        require_visible(uri)
        return _write_one(map(encoder, batches), uri, place, layout)

    summaries = [row for rows in run_on_partitions(placed, write) for row in rows]
    sizes: dict[Part, tuple[int, ...]] = {}
    digest = hashlib.sha256()
    for part in PARTS:
        mine = _in_order(summaries, part)
        sizes[part] = tuple(row.rows for row in mine)
        total = sum(row.id_sum for row in mine)
        mixed = sum(row.content for row in mine) % _WRAP
        digest.update(f"{part} {sum(sizes[part])} {total} {mixed}\n".encode())
    rows = {part: sum(sizes[part]) for part in PARTS}
    logger.info(
        "wrote %d shards: %d training and %d validation rows, %.1f MB",
        count,
        rows["train"],
        rows["validation"],
        sum(row.bytes for row in summaries) / 1e6,
    )
    checksums: dict[Part, tuple[int, ...]] = {
        part: tuple(row.checksum for row in _in_order(summaries, part)) for part in PARTS
    }
    groups = f"{sum(row.groups for row in summaries) % _WRAP:016x}" if layout.is_grouped else ""
    return ShardSet(uri, count, layout, rows, sizes, digest.hexdigest(), groups, checksums)


def checksum(path: Path) -> int:
    """CRC-32 of a file."""
    found = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            found = zlib.crc32(block, found)
    return found


@dataclass(frozen=True)
class _Written:
    """What a task wrote of one part: rows, sums over identities, contents and groups, its file."""

    part: Part
    place: int
    rows: int
    id_sum: int
    content: int
    groups: int
    bytes: int
    checksum: int


def _in_order(summaries: list[_Written], part: Part) -> list[_Written]:
    return sorted((row for row in summaries if row.part == part), key=lambda row: row.place)


def _write_one(
    batches: Iterable[EncodedBatch], uri: str, place: int, layout: Layout
) -> list[_Written]:
    """Write one place's shard of each part."""
    with tempfile.TemporaryDirectory(dir=_existing(local_directory())) as name:
        paths = {part: Path(name) / part for part in PARTS}
        sums = dict.fromkeys(PARTS, 0)
        contents = dict.fromkeys(PARTS, 0)
        groups = dict.fromkeys(PARTS, 0)
        with (
            _writer(paths["train"], layout) as train,
            _writer(paths["validation"], layout) as validation,
        ):
            for batch in batches:
                for part, writer in zip(PARTS, (train, validation), strict=True):
                    rows = _of_part(batch, part)
                    writer.add(rows)
                    sums[part] += int(rows.ids.astype(object).sum()) if len(rows) else 0
                    contents[part] += content_sum(rows)
                    groups[part] += group_sum(rows)
        counts = {"train": train.rows, "validation": validation.rows}
        sizes = {part: paths[part].stat().st_size for part in PARTS}
        sums_of_bytes = {part: checksum(paths[part]) for part in PARTS}
        for part in PARTS:
            files.upload(paths[part], _shard_uri(uri, part, place))
    return [
        _Written(
            *(part, place, counts[part], sums[part], contents[part], groups[part]),
            *(sizes[part], sums_of_bytes[part]),
        )
        for part in PARTS
    ]


def _writer(path: Path, layout: Layout) -> ShardWriter:
    return ShardWriter(
        path,
        layout.width,
        is_sparse=layout.is_sparse,
        is_weighted=layout.is_weighted,
        is_grouped=layout.is_grouped,
        extras=layout.extras,
    )


def _of_part(batch: EncodedBatch, part: str) -> ShardRows:
    if batch.is_validation is None:
        everything = np.full(len(batch.rows), part == "train")
        return batch.rows if part == "train" else batch.rows.where(everything)
    return batch.rows.where(batch.is_validation == (part == "validation"))


def _shard_uri(uri: str, part: Part, place: int) -> str:
    return files.join(uri, "shards", f"{part}-{place:05d}.arrow")


def _local_copy(uri: str) -> Path:
    """The path of a shard on this host's disk."""
    if files.is_local(uri):
        path = files.local_path(uri)
        if not path.exists():
            raise StoreError(f"shard {uri} is missing on this host: was its scratch deleted?")
        return path
    directory = _shared_directory(uri.rpartition("/shards/")[0])
    path = directory / uri.rpartition("/")[2]
    with OnlyOne(path.with_suffix(".lock")):
        if not path.exists():
            files.download(uri, path)
    return path


def _shared_directory(uri: str) -> Path:
    """A directory on this host's disk that processes of one fit share."""
    if files.is_local(uri):
        directory = files.local_path(uri) / f"host-{socket.gethostname()}"
    else:
        directory = local_directory() / "emr-ensembles" / uri.rpartition("/")[2]
    return _existing(directory)


def _existing(directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def _merge(shards: list[Shard], target: Path, layout: Layout) -> None:
    """Write the rows of all shards as one, in the order of their identity."""
    starts = np.cumsum([0] + [shard.rows for shard in shards])
    order = np.argsort(np.concatenate([shard.ids for shard in shards]), kind="stable")
    part = target.with_suffix(".part")
    with _writer(part, layout) as writer:
        for begin in range(0, len(order), CHUNK_ROWS):
            writer.add(_gather(shards, starts, order[begin : begin + CHUNK_ROWS]))
    part.replace(target)


def _gather(shards: list[Shard], starts: Integers, places: Integers) -> ShardRows:
    """Rows at places of the concatenation of all shards, in that order."""
    owner = np.searchsorted(starts, places, side="right") - 1
    by_owner = np.argsort(owner, kind="stable")
    blocks = []
    for index in np.unique(owner):
        own = places[owner == index] - starts[index]
        shard = shards[index]
        weights = None if shard.weights is None else shard.weights[own]
        groups = None if shard.groups is None else shard.groups[own]
        extras = None if shard.extras is None else shard.extras[own]
        features, labels = shard.take(own), shard.labels[own]
        blocks.append(ShardRows(shard.ids[own], features, labels, weights, groups, extras))
    back = np.empty(len(places), dtype=np.int64)
    back[by_owner] = np.arange(len(places))
    return concatenate(blocks).where(back)

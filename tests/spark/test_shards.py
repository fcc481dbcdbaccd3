from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import functions as F  # noqa: N812
from scipy import sparse

from pipeline import files
from pipeline.errors import DataError, StoreError, UserError
from pipeline.spark import shard_file, shards
from pipeline.spark.scratch import Scratch
from pipeline.spark.shard_file import ShardRows, ShardWriter
from pipeline.spark.shards import EncodedBatch, Layout, ShardSet, write_shards

ROWS = 500


@pytest.fixture
def scratch(tmp_path):
    with Scratch(str(tmp_path / "scratch"), "test") as opened:
        yield opened.uri


@pytest.fixture
def other_scratch(tmp_path):
    with Scratch(str(tmp_path / "scratch"), "other") as opened:
        yield opened.uri


def table(spark, rows=ROWS):
    ids = F.xxhash64(F.col("id")).alias("row_id")
    return spark.range(rows).select(ids, F.col("id").cast("double").alias("x"))


def write(frame, uri, count=2, *, is_sparse=False, is_weighted=False, split=False):
    """Two features, x and -x; the label is x mod 2; every fourth row is for validation."""

    def encoder(batch):
        ids = batch.column("row_id").to_numpy()
        x = batch.column("x").to_numpy().astype(np.float32)
        matrix = np.stack([x, -x], axis=1)
        rows = ShardRows(
            ids,
            sparse.csr_matrix(matrix) if is_sparse else matrix,
            x % 2,
            x + 1 if is_weighted else None,
        )
        return EncodedBatch(rows, x % 4 == 0 if split else None)

    layout = Layout(2, is_sparse, is_weighted)
    return write_shards(
        frame, uri=uri, count=count, id_column="row_id", layout=layout, encoder=encoder
    )


def contents(shard_set):
    names = files.names(files.join(shard_set.uri, "shards"))
    return {name: files.read_bytes(files.join(shard_set.uri, "shards", name)) for name in names}


def test_shards_do_not_depend_on_how_the_input_lies(spark, tmp_path):
    frame = table(spark)
    variants = [
        frame.coalesce(1),
        frame.repartition(4),
        frame.repartition(16),
        frame.orderBy(F.rand(seed=3)),
    ]
    seen = []
    for number, variant in enumerate(variants):
        with Scratch(str(tmp_path / "scratch"), f"variant{number}") as scratch:
            written = write(variant, scratch.uri, is_weighted=True, split=True)
            seen.append((contents(written), written.fingerprint, written.sizes))
    assert sorted(seen[0][0]) == [
        *("train-00000.arrow", "train-00001.arrow"),
        *("validation-00000.arrow", "validation-00001.arrow"),
    ]
    assert all(one == seen[0] for one in seen[1:])


def test_every_row_is_in_one_shard_of_its_part(spark, scratch):
    written = write(table(spark), scratch, split=True)
    assert written.rows == {"train": ROWS * 3 // 4, "validation": ROWS // 4}
    for part, remainders in (("train", {1, 2, 3}), ("validation", {0})):
        opened = [written.open(part, place) for place in range(2)]
        assert tuple(shard.rows for shard in opened) == written.sizes[part]
        assert all(shard.rows for shard in opened)
        for shard in opened:
            assert (np.diff(shard.ids) > 0).all()
        x = np.concatenate([next(shard.matrices())[:, 0] for shard in opened])
        assert len(set(x)) == len(x) == written.rows[part]
        assert set(x % 4) == remainders
        labels = np.concatenate([shard.labels for shard in opened])
        np.testing.assert_array_equal(labels, x % 2)


def test_without_a_split_all_rows_are_for_training(spark, scratch):
    written = write(table(spark, 20), scratch)
    assert written.rows == {"train": 20, "validation": 0}
    assert written.open("validation", 0).rows == written.open_all("validation").rows == 0


@pytest.mark.parametrize("is_sparse", [False, True])
def test_open_all_gives_all_rows_by_ascending_id_whatever_the_count(
    spark, scratch, other_scratch, is_sparse
):
    frame = table(spark, 100)
    one = write(frame, scratch, 1, is_sparse=is_sparse, is_weighted=True).open_all("train")
    many = write(frame, other_scratch, 3, is_sparse=is_sparse, is_weighted=True).open_all("train")
    assert one.rows == many.rows == 100
    assert (np.diff(many.ids) > 0).all()
    np.testing.assert_array_equal(one.ids, many.ids)
    np.testing.assert_array_equal(one.labels, many.labels)
    np.testing.assert_array_equal(one.weights, many.weights)
    np.testing.assert_array_equal(many.weights, dense(many)[:, 0] + 1)
    np.testing.assert_array_equal(dense(one), dense(many))
    assert one.path.read_bytes() == many.path.read_bytes()


def dense(shard):
    matrix = shard.take(np.arange(shard.rows))
    return matrix.toarray() if shard.is_sparse else matrix


def test_more_shards_than_rows_leaves_some_empty(spark, scratch):
    written = write(table(spark, 3), scratch, 8)
    assert sum(written.sizes["train"]) == 3
    assert len(written.sizes["train"]) == len(written.sizes["validation"]) == 8
    empty = written.sizes["train"].index(0)
    assert written.open("train", empty).rows == 0
    assert written.open_all("train").rows == 3


def test_other_data_and_other_splits_have_other_fingerprints(spark, scratch, other_scratch):
    whole = write(table(spark, 50), scratch).fingerprint
    assert write(table(spark, 49), other_scratch).fingerprint != whole
    assert write(table(spark, 50), other_scratch, split=True).fingerprint != whole
    assert write(table(spark, 50), other_scratch, 5).fingerprint == whole


def test_an_encoders_error_arrives_as_itself(spark, scratch):
    def encoder(_batch):
        raise DataError("column x: 3 infinite values; replace them")

    with pytest.raises(DataError, match=r"^column x: 3 infinite values; replace them$"):
        write_shards(
            table(spark, 10),
            uri=scratch,
            count=1,
            id_column="row_id",
            layout=Layout(1, False, False),
            encoder=encoder,
        )


def test_scratch_that_executors_do_not_see_is_the_users_to_mend(spark, tmp_path):
    with pytest.raises(UserError, match=r"does not see the scratch .* Set `scratch`"):
        write(table(spark, 10), files.absolute(str(tmp_path / "elsewhere")))


# --- without Spark --------------------------------------------------------------------------------


def local_set(directory: Path, blocks: list[list[int]]) -> ShardSet:
    (directory / "shards").mkdir(parents=True)
    for place, ids in enumerate(blocks):
        path = directory / "shards" / f"train-{place:05d}.arrow"
        with ShardWriter(path, 1, is_sparse=False, is_weighted=True) as writer:
            values = np.array(ids, dtype=np.float32)
            writer.add(ShardRows(np.array(ids, dtype=np.int64), values[:, None], values, values))
    sizes = tuple(map(len, blocks))
    return ShardSet(
        files.absolute(str(directory)),
        len(blocks),
        Layout(1, False, True),
        {"train": sum(sizes), "validation": 0},
        {"train": sizes, "validation": ()},
        "",
    )


def test_shards_of_many_chunks_are_merged_by_id(tmp_path, monkeypatch):
    monkeypatch.setattr(shard_file, "CHUNK_ROWS", 4)
    monkeypatch.setattr(shards, "CHUNK_ROWS", 4)
    order = np.random.default_rng(1).permutation(40)
    blocks = [sorted(order[:3]), [], sorted(order[3:20]), sorted(order[20:])]
    merged = local_set(tmp_path, blocks).open_all("train")
    expected = np.arange(40)
    np.testing.assert_array_equal(merged.ids, expected)
    np.testing.assert_array_equal(merged.labels, expected)
    np.testing.assert_array_equal(merged.weights, expected)
    np.testing.assert_array_equal(merged.take(expected)[:, 0], expected)


def test_all_rows_are_put_together_once_however_many_ask(tmp_path, monkeypatch):
    merged = []
    merge = shards._merge

    def counted(*arguments):
        merged.append(arguments)
        merge(*arguments)

    monkeypatch.setattr(shards, "_merge", counted)
    written = local_set(tmp_path, [[1, 3], [0, 2]])
    with ThreadPoolExecutor(4) as pool:
        opened = list(pool.map(lambda _: written.open_all("train"), range(8)))
    assert len(merged) == 1
    assert {shard.path for shard in opened} == {opened[0].path}
    assert all(shard.ids.tolist() == [0, 1, 2, 3] for shard in opened)
    assert not list(tmp_path.rglob("*.part"))


def test_a_shard_that_is_gone_is_a_store_error(tmp_path):
    written = local_set(tmp_path, [[1], [2]])
    (tmp_path / "shards" / "train-00001.arrow").unlink()
    with pytest.raises(StoreError, match="is missing on this host: was its scratch deleted"):
        written.open("train", 1)
    with pytest.raises(StoreError, match="is missing on this host"):
        written.open_all("train")


def test_a_part_of_the_rows_is_cut_out_by_a_mask():
    ids = np.arange(4)
    rows = ShardRows(ids, ids[:, None].astype(np.float32), ids.astype(np.float32))
    part = shards._of_part(EncodedBatch(rows, ids > 2), "validation")
    assert part.ids.tolist() == [3]
    assert isinstance(pa.array(part.ids), pa.Int64Array)

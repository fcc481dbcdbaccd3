import json
import math
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from pyspark.ml.linalg import Vectors, VectorUDT
from pyspark.sql.types import StructField, StructType

from pipeline.data.encoding import Feature, FeatureSchema, LabelSchema
from pipeline.errors import DataError, ModelError

NAN = math.nan
VECTOR = pa.struct(
    [
        ("type", pa.int8()),
        ("size", pa.int32()),
        ("indices", pa.list_(pa.int32())),
        ("values", pa.list_(pa.float64())),
    ]
)
ROWS = [
    {"type": 0, "size": 3, "indices": [0, 2], "values": [1.0, 2.0]},
    {"type": 1, "size": None, "indices": None, "values": [4.0, 0.0, 3.0]},
    {"type": 0, "size": 3, "indices": [], "values": []},
    {"type": 0, "size": 3, "indices": [0, 1], "values": [0.0, 5.0]},
    {"type": 1, "size": None, "indices": None, "values": [0.0, NAN, 0.0]},
]
DENSE = np.array([[1, 0, 2], [4, 0, 3], [0, 0, 0], [0, 5, 0], [0, NAN, 0]], dtype=np.float32)


def numbers(column, kind="numeric"):
    found = Feature("x", kind).encode(column)
    assert found.dtype == np.float32
    return found


def vectors(array, size=3, **options):
    schema = FeatureSchema(vector="v", size=size, **options)
    return schema.encode(pa.table({"v": array}))


# --- typed columns --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, None, 3], pa.int32()),
        ([1, None, 3], pa.int64()),
        ([1.0, None, 3.0], pa.float64()),
        ([1.0, NAN, 3.0], pa.float32()),
        ([Decimal("1.00"), None, Decimal("3.00")], pa.decimal128(10, 2)),
    ],
)
def test_a_null_or_nan_number_is_missing(values, kind):
    np.testing.assert_array_equal(numbers(pa.array(values, kind)), [1, NAN, 3])


def test_a_column_of_nulls_is_all_missing():
    np.testing.assert_array_equal(numbers(pa.nulls(2, pa.float64())), [NAN, NAN])


def test_decimals_keep_their_fraction():
    column = pa.array([Decimal("1234567.125"), Decimal("-0.001")], pa.decimal128(38, 10))
    np.testing.assert_array_equal(numbers(column), np.float32([1234567.125, -0.001]))


def test_booleans_are_0_and_1():
    np.testing.assert_array_equal(numbers(pa.array([True, None, False]), "boolean"), [1, NAN, 0])


def test_categories_are_their_position_and_unseen_ones_are_missing():
    feature = Feature("carrier", "categorical", ("AA", "UA"))
    for column in (
        pa.array(["UA", "AA", None, "ZZ", ""]),
        pa.array(["UA", "AA", None, "ZZ", ""]).dictionary_encode(),
        pa.chunked_array([["UA"], ["AA", None], [], ["ZZ", ""]], pa.large_string()),
    ):
        np.testing.assert_array_equal(feature.encode(column), [1, 0, NAN, NAN, NAN])


def test_a_column_that_was_all_null_in_training_is_missing_for_ever():
    np.testing.assert_array_equal(
        Feature("x", "categorical").encode(pa.array(["a", None])), [NAN, NAN]
    )


@pytest.mark.parametrize("value", [math.inf, -math.inf, 1e300])
def test_an_infinite_number_is_refused_with_count_and_column(value):
    column = pa.array([1.0, value, None, value])
    with pytest.raises(DataError, match=r"column x: 2 infinite values .* in a batch of 4 rows"):
        numbers(column)


def test_text_where_training_had_numbers_is_refused():
    with pytest.raises(DataError, match="column x holds text; in training it held numbers"):
        numbers(pa.array(["1", "2"]))


def test_missing_columns_are_all_named():
    schema = FeatureSchema((Feature("a", "numeric"), Feature("b", "numeric")))
    with pytest.raises(DataError, match="columns missing from the table: a, b"):
        schema.encode(pa.table({"c": [1]}))


def test_columns_come_in_the_order_of_training():
    schema = FeatureSchema(
        (
            Feature("n", "numeric"),
            Feature("c", "categorical", ("x", "y")),
            Feature("b", "boolean"),
        )
    )
    table = pa.table({"b": [True, False], "extra": [0, 0], "c": ["y", "q"], "n": [0.5, None]})
    expected = [[0.5, 1, 1], [NAN, NAN, 0]]
    np.testing.assert_array_equal(schema.encode(table), np.float32(expected))
    (batch,) = table.to_batches()
    np.testing.assert_array_equal(schema.encode(batch), np.float32(expected))
    assert schema.columns == ("n", "c", "b")
    assert schema.names == ["n", "c", "b"]
    assert schema.categorical == [1]
    assert schema.width == 3


def test_no_rows_are_no_error():
    schema = FeatureSchema((Feature("n", "numeric"), Feature("c", "categorical", ("x",))))
    table = pa.table({"n": pa.array([], pa.float64()), "c": pa.array([], pa.string())})
    assert schema.encode(table).shape == (0, 2)
    assert schema.encode(table.slice(0, 0)).shape == (0, 2)


# --- vectors and arrays ---------------------------------------------------------------------------


@pytest.mark.parametrize("is_sparse", [False, True])
@pytest.mark.parametrize("start", range(6))
@pytest.mark.parametrize("count", range(6))
def test_every_slice_of_mixed_vectors_gives_its_own_rows(start, count, is_sparse):
    array = pa.array(ROWS, VECTOR).slice(start, count)
    found = vectors(array, is_sparse=is_sparse)
    assert found.dtype == np.float32
    dense = found.toarray() if is_sparse else found
    np.testing.assert_array_equal(dense, DENSE[start : start + count])


@pytest.mark.parametrize("start", range(4))
def test_every_slice_of_dense_vectors_gives_its_own_rows(start):
    rows = [{"type": 1, "values": row} for row in DENSE.tolist()]
    array = pa.array(rows, VECTOR).slice(start, 2)
    np.testing.assert_array_equal(vectors(array), DENSE[start : start + 2])


@pytest.mark.parametrize(
    "kind",
    [
        pa.list_(pa.float64()),
        pa.list_(pa.int32()),
        pa.large_list(pa.float32()),
        pa.list_(pa.float64(), 2),
        pa.list_(pa.decimal128(10, 2)),
    ],
)
def test_arrays_of_numbers_are_vectors_and_a_null_in_them_is_missing(kind):
    array = pa.array([[9, 9], [1, 2], [3, None]], kind).slice(1)
    np.testing.assert_array_equal(vectors(array, size=2), np.float32([[1, 2], [3, NAN]]))


def test_chunks_are_one_matrix():
    array = pa.array(ROWS, VECTOR)
    chunks = pa.chunked_array([array.slice(0, 1), array.slice(1, 0), array.slice(1, 4)])
    np.testing.assert_array_equal(vectors(chunks), DENSE)
    assert vectors(pa.chunked_array([], VECTOR)).shape == (0, 3)
    assert vectors(pa.chunked_array([], VECTOR), is_sparse=True).shape == (0, 3)


def test_zeros_are_missing_in_sparse_mode_however_they_are_written():
    found = vectors(pa.array(ROWS, VECTOR), is_sparse=True)
    assert found.nnz == 6
    assert np.isnan(found[4, 1])
    lists = vectors(pa.array([[0.0, 1.0, 0.0]]), is_sparse=True)
    assert (lists.nnz, lists[0, 1]) == (1, 1.0)


def test_vectors_of_spark_arrive_as_they_are(spark):
    rows = [
        (Vectors.sparse(3, [0, 2], [1.0, 2.0]),),
        (Vectors.dense([4.0, 0.0, 3.0]),),
        (Vectors.sparse(3, [], []),),
    ]
    frame = spark.createDataFrame(rows, StructType([StructField("v", VectorUDT())])).coalesce(1)

    def shapes(batches):
        for batch in batches:
            matrix = FeatureSchema(vector="v", size=3).encode(batch)
            yield pa.record_batch({"row": pa.array(matrix.tolist())})

    found = frame.mapInArrow(shapes, "row array<double>").collect()
    np.testing.assert_array_equal(np.float32([row["row"] for row in found]), DENSE[:3])


@pytest.mark.parametrize("is_sparse", [False, True])
@pytest.mark.parametrize(
    "row",
    [
        {"type": 0, "size": 4, "indices": [0], "values": [1.0]},
        {"type": 1, "values": [1.0, 2.0, 3.0, 4.0]},
    ],
)
def test_a_vector_of_another_length_is_refused(row, is_sparse):
    with pytest.raises(DataError, match="column v: vectors of length 4, not 3"):
        vectors(pa.array([ROWS[0], row], VECTOR), is_sparse=is_sparse)


def test_an_array_of_another_length_is_refused():
    with pytest.raises(DataError, match="column v: vectors of length 1, not 2"):
        vectors(pa.array([[1.0, 2.0], [1.0]]), size=2)


def test_null_vectors_are_refused_with_their_count():
    for array in (pa.array([None, ROWS[0], None], VECTOR), pa.array([None, [1.0], None])):
        with pytest.raises(DataError, match="column v: 2 null vectors; drop the rows"):
            vectors(array)


def test_infinite_values_in_vectors_are_refused_with_count_and_column():
    bad = {"type": 0, "size": 3, "indices": [0, 1], "values": [math.inf, -math.inf]}
    array = pa.array([ROWS[0], bad], VECTOR)
    with pytest.raises(DataError, match="column v: 2 infinite values"):
        vectors(array)
    with pytest.raises(DataError, match="column v: 1 infinite values"):
        vectors(pa.array([[1.0, math.inf]]), size=2)
    # Those of rows that are not in the batch are none of its business.
    np.testing.assert_array_equal(vectors(array.slice(0, 1)), DENSE[:1])


def test_a_vector_column_names_the_columns_of_its_matrix():
    schema = FeatureSchema(vector="v", size=2)
    assert schema.columns == ("v",)
    assert schema.names == ["v[0]", "v[1]"]
    assert (schema.width, schema.categorical) == (2, [])


# --- schemas in models ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "schema",
    [
        FeatureSchema((Feature("n", "numeric"), Feature("größe", "categorical", ("a", "ü")))),
        FeatureSchema(vector="v", size=7, is_sparse=True),
    ],
)
def test_a_feature_schema_comes_back_from_json(schema):
    assert FeatureSchema.from_json(json.loads(json.dumps(schema.to_json()))) == schema


@pytest.mark.parametrize("damaged", [{}, {"features": [{"name": "x"}]}, {"features": 3}])
def test_a_damaged_feature_schema_is_a_model_error(damaged):
    with pytest.raises(ModelError, match="feature schema is damaged"):
        FeatureSchema.from_json(damaged)


@pytest.mark.parametrize("classes", [(0.0, 1.0), ("a", "b", "c")])
def test_a_label_schema_comes_back_from_json(classes):
    schema = LabelSchema("late", classes)
    assert LabelSchema.from_json(json.loads(json.dumps(schema.to_json()))) == schema


# --- labels ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("classes", "values", "codes", "decoded"),
    [
        ((0.0, 1.0), pa.array([True, False]), [1, 0], [1.0, 0.0]),
        ((3.0, 7.0), pa.array([7, 3, 7], pa.int32()), [1, 0, 1], [7.0, 3.0, 7.0]),
        ((-1.0, 0.5), pa.array([0.5, -1.0]), [1, 0], [0.5, -1.0]),
        ((1.0, 2.0), pa.array([Decimal("2.0")], pa.decimal128(5, 1)), [1], [2.0]),
        (("no", "yes"), pa.array(["yes", "no"]), [1, 0], ["yes", "no"]),
    ],
)
def test_labels_become_positions_and_come_back(classes, values, codes, decoded):
    schema = LabelSchema("y", classes)
    encoded = schema.encode(values)
    assert encoded.dtype == np.float32
    assert encoded.tolist() == codes
    assert schema.decode(encoded).to_pylist() == decoded
    assert schema.is_text == isinstance(classes[0], str)


def test_minus_zero_is_the_class_zero():
    """Spark says so when it finds the classes, and `-label` makes it."""
    schema = LabelSchema("y", (-1.0, 0.0))
    assert schema.encode(pa.array([-0.0, -1.0, 0.0])).tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("classes", "values"),
    [((0.0, 1.0), pa.array([2.0, None, 1.0])), (("a", "b"), pa.array(["c", None, "a"]))],
)
def test_a_label_that_is_no_class_is_refused_with_the_count(classes, values):
    with pytest.raises(DataError, match="label y: 2 values are none of the classes"):
        LabelSchema("y", classes).encode(values)

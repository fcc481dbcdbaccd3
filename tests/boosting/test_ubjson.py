"""XGBoost's file format, read and written."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import xgboost as xgb

from pipeline.boosting import ubjson
from pipeline.errors import ModelError


@pytest.fixture(scope="module")
def model() -> bytes:
    rng = np.random.default_rng(0)
    rows = xgb.DMatrix(rng.normal(size=(100, 2)), rng.normal(size=100), feature_names=["ä", "b"])
    booster = xgb.train({"max_depth": 3, "nthread": 1}, rows, 20)
    booster.set_attr(note="tree")
    return bytes(booster.save_raw("ubj"))


def test_a_model_is_written_as_it_was_read(model: bytes) -> None:
    document = ubjson.read(model)
    assert document["learner"]["feature_names"] == ["ä", "b"]
    assert document["learner"]["gradient_booster"]["model"]["trees"][19]["id"] == 19
    assert ubjson.dumps(document) == model


def test_typed_arrays_are_views_of_the_file(model: bytes) -> None:
    tree = ubjson.read(model)["learner"]["gradient_booster"]["model"]["trees"][0]
    assert np.shares_memory(tree["left_children"], np.frombuffer(model, np.uint8))
    assert tree["left_children"].dtype == ">i4"


@pytest.mark.parametrize(
    "value",
    [{}, [], "", "a", None, True, False, 0, 1.5, -128, 128, -40_000, 1 << 20, 1 << 40, [[1], {}]],
)
def test_a_value_is_read_as_it_was_written(value: Any) -> None:
    found = ubjson.read(ubjson.dumps(value))
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("kind", ["u1", "i1", "i2", "i4", "i8", "f4", "f8", ">f4"])
def test_an_array_of_numbers_is_read_as_it_was_written(kind: str) -> None:
    values = np.arange(5).astype(kind)
    assert np.array_equal(ubjson.read(ubjson.dumps(values)), values)
    assert len(ubjson.read(ubjson.dumps(values[:0]))) == 0


def test_an_array_and_an_object_are_written_before_all_of_them_is_known() -> None:
    written: list[int] = []
    sink = io.BytesIO()

    def values() -> Any:
        for value in range(3):
            written.append(sink.tell())
            yield value

    ubjson.write(ubjson.Pairs((name, values()) for name in "ab"), sink)
    assert ubjson.read(sink.getvalue()) == {"a": [0, 1, 2], "b": [0, 1, 2]}
    assert written == sorted(set(written))


def test_a_file_that_is_cut_off_anywhere_is_refused(model: bytes) -> None:
    for stop in [*range(len(model) // 10), *range(0, len(model), 97), len(model) - 1]:
        with pytest.raises(ModelError, match="cut off"):
            ubjson.read(model[:stop])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b'{"learner": {}}',
        b"?",
        b"i\x01i\x02",
        b"[$x#i\x01a",
        b"[$d#i\xff",
        b"Si\x01\xff",
        b"S?",
        b"{i\x01aQ}",
    ],
)
def test_what_is_not_ubjson_is_refused(data: bytes) -> None:
    with pytest.raises(ModelError, match="not UBJSON"):
        ubjson.read(data)


def test_what_ubjson_cannot_hold_is_refused() -> None:
    with pytest.raises(TypeError, match="no UBJSON for set"):
        ubjson.dumps({1})
    with pytest.raises(OverflowError, match="64 bits"):
        ubjson.dumps(1 << 64)

"""A booster's file that knows the categories of its columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import xgboost as xgb

from pipeline.boosting.booster_file import with_categories, without_categories
from pipeline.data.encoding import Feature, FeatureSchema

CITIES, COLORS = ("Aachen", "Berlin", "Koeln", "Zuerich"), ("blue", "green", "red")
UMLAUTS = ("Aachen", "Berlin", "Köln", "Zürich")


def _schema(cities: tuple[str, ...]) -> FeatureSchema:
    return FeatureSchema(
        (
            Feature("x", "numeric"),
            Feature("city", "categorical", cities),
            Feature("flag", "boolean"),
            Feature("color", "categorical", COLORS),
            Feature("none", "categorical", ()),
        )
    )


SCHEMA = _schema(CITIES)


@pytest.fixture(scope="module")
def codes() -> np.ndarray:
    rng = np.random.default_rng(0)
    columns = [
        *(rng.normal(size=400), rng.integers(0, 4, 400), rng.integers(0, 2, 400)),
        *(rng.integers(0, 3, 400), np.full(400, np.nan)),
    ]
    matrix = np.column_stack(columns).astype(np.float32)
    matrix[::17, 1] = np.nan
    return matrix


def _of_codes(codes: np.ndarray, labels: np.ndarray | None = None) -> xgb.DMatrix:
    return xgb.DMatrix(
        codes,
        labels,
        feature_names=SCHEMA.names,
        feature_types=["q", "c", "q", "c", "c"],
        enable_categorical=True,
    )


def _trained(codes: np.ndarray, booster: str = "gbtree") -> bytes:
    known = np.nan_to_num(codes)
    labels = known[:, 0] + 3.0 * (known[:, 1] == 2) - 2.0 * (known[:, 3] == 0)
    params = {"max_depth": 4, "booster": booster, "nthread": 1, "eta": 0.5}
    return bytes(xgb.train(params, _of_codes(codes, labels), 8).save_raw("ubj"))


def _frame(codes: np.ndarray, known: tuple[str, ...], cities: list[str]) -> pd.DataFrame:
    """The rows with categories that are coded in another way."""

    def named(place: int, texts: tuple[str, ...], order: list[str]) -> pd.Categorical:
        values = [None if np.isnan(code) else texts[int(code)] for code in codes[:, place]]
        return pd.Categorical(values, categories=order)

    return pd.DataFrame(
        {
            "x": codes[:, 0],
            "city": named(1, known, cities),
            "flag": codes[:, 2],
            "color": named(3, COLORS, ["red", "blue", "green"]),
            "none": codes[:, 4],
        }
    )


@pytest.mark.parametrize("booster", ["gbtree", "dart"])
def test_plain_xgboost_predicts_the_same_whatever_codes_a_frame_has(
    booster: str, codes: np.ndarray, tmp_path: Path
) -> None:
    data = _trained(codes, booster)
    expected = xgb.Booster(model_file=bytearray(data)).predict(_of_codes(codes))
    assert expected.std() > 1
    (tmp_path / "booster.ubj").write_bytes(with_categories(data, SCHEMA))
    opened = xgb.Booster(model_file=str(tmp_path / "booster.ubj"))
    frame = _frame(codes, CITIES, ["Zuerich", "Koeln", "Berlin", "Aachen"])
    found = opened.predict(xgb.DMatrix(frame, enable_categorical=True))
    assert np.abs(found - expected).max() < 1e-6
    assert np.abs(opened.predict(_of_codes(codes)) - expected).max() < 1e-6


def test_categories_have_any_letters(codes: np.ndarray) -> None:
    """XGBoost 3.2 reads umlauts of an Arrow table; of a pandas frame it takes wrong lengths."""
    data = _trained(codes)
    opened = xgb.Booster(model_file=bytearray(with_categories(data, _schema(UMLAUTS))))
    frame = _frame(codes, UMLAUTS, ["Zürich", "Köln", "Berlin", "Aachen"])
    table = xgb.DMatrix(pa.Table.from_pandas(frame), enable_categorical=True)
    assert np.abs(opened.predict(table) - opened.predict(_of_codes(codes))).max() < 1e-6


def test_categories_may_be_taken_out_again(codes: np.ndarray) -> None:
    data = _trained(codes)
    marked = with_categories(data, SCHEMA)
    assert marked != data
    assert without_categories(marked) == data


def test_a_file_without_categories_is_left_as_it_is(codes: np.ndarray) -> None:
    schema = FeatureSchema(tuple(Feature(name, "numeric") for name in SCHEMA.names))
    data = _trained(codes)
    assert with_categories(data, schema) is data

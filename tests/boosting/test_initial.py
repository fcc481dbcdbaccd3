"""Going on from an earlier model: what it must have in common with the table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost as xgb

from pipeline.boosting.booster_file import with_categories, without_categories
from pipeline.boosting.initial import Initial, open_initial
from pipeline.boosting.predictor import BOOSTER
from pipeline.data.encoding import Feature, FeatureSchema, Kind, LabelSchema
from pipeline.errors import ModelError, UserError
from pipeline.store import model_directory


def _schema(**kinds: Kind | tuple[str, ...]) -> FeatureSchema:
    return FeatureSchema(
        tuple(
            Feature(name, "categorical", kind)
            if isinstance(kind, tuple)
            else Feature(name, kind, ())
            for name, kind in kinds.items()
        )
    )


TABLE = _schema(a="numeric", b="numeric")


def _booster(names: list[str] | None, **params: Any) -> xgb.Booster:
    rng = np.random.default_rng(0)
    matrix = xgb.DMatrix(rng.normal(size=(60, 2)), rng.integers(0, 2, 60), feature_names=names)
    return xgb.train({"nthread": 1, "max_depth": 2, **params}, matrix, 3)


@pytest.mark.parametrize("name", ["model.ubj", "model.json"])
def test_a_file_of_xgboosts_is_read(name: str, tmp_path: Path) -> None:
    booster = _booster(["a", "b"])
    booster.save_model(tmp_path / name)
    found = open_initial(str(tmp_path / name))
    assert xgb.Booster(model_file=bytearray(found.booster)).get_dump() == booster.get_dump()
    assert found.require_features(TABLE) == TABLE
    found.require_label(LabelSchema("y", (0.0, 1.0)))
    found.require_params({"objective": "reg:squarederror"}, 1)
    assert found.digest == open_initial(str(tmp_path / name)).digest


def test_a_file_without_names_needs_as_many_columns(tmp_path: Path) -> None:
    _booster(None).save_model(tmp_path / "model.ubj")
    found = open_initial(str(tmp_path / "model.ubj"))
    assert found.require_features(TABLE) == TABLE
    with pytest.raises(UserError, match="it has 2 columns, the table 3"):
        found.require_features(_schema(a="numeric", b="numeric", c="numeric"))


def test_entries_of_a_vector_are_known_by_the_names_that_xgboost_accepts(tmp_path: Path) -> None:
    _booster(["v_0", "v_1"]).save_model(tmp_path / "model.ubj")
    vector = FeatureSchema(vector="v", size=2)
    assert open_initial(str(tmp_path / "model.ubj")).require_features(vector) == vector


def test_what_differs_from_the_table_is_told(tmp_path: Path) -> None:
    path = str(tmp_path / "model.ubj")
    _booster(["a", "b"]).save_model(path)
    found = open_initial(path)
    with pytest.raises(UserError, match=r"model\.ubj: it was trained on other columns: a, b, not"):
        found.require_features(_schema(a="numeric", c="numeric"))
    with pytest.raises(UserError, match=r"does not say how we coded its categories; .* columns b$"):
        found.require_features(_schema(a="numeric", b=("x", "y")))
    with pytest.raises(UserError, match=r"trained with objective reg:squarederror, and this is r"):
        found.require_params({"objective": "reg:gamma"}, 1)


@pytest.mark.parametrize("content", [None, b"", b"no model"])
def test_what_is_no_model_is_an_error_that_names_it(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "model.ubj"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=r"initial_model file://.*model\.ubj: cannot be read as a"):
        open_initial(str(path))
    with pytest.raises(ModelError, match="no model there"):
        open_initial(str(tmp_path / "nothing"))


BEFORE = _schema(a="numeric", city=("Bonn", "Köln"))
LABEL = LabelSchema("y", ("no", "yes"))


def _model_of_ours() -> Initial:
    data = with_categories(bytes(_booster(["a", "city"]).save_raw("ubj")), BEFORE)
    return Initial("file:///m", without_categories(data), BEFORE, LABEL)


def test_new_categories_come_after_those_that_the_model_knows() -> None:
    found = _model_of_ours().require_features(_schema(a="numeric", city=("Aachen", "Köln", "Ulm")))
    assert found.features[1].categories == ("Bonn", "Köln", "Aachen", "Ulm")
    assert found.features[0] == BEFORE.features[0]


def test_columns_and_classes_must_be_the_same() -> None:
    initial = _model_of_ours()
    with pytest.raises(UserError, match="trained on other columns: a, city, not city, a"):
        initial.require_features(_schema(city=("Bonn",), a="numeric"))
    with pytest.raises(UserError, match="column city was categorical, is numeric"):
        initial.require_features(_schema(a="numeric", city="numeric"))
    initial.require_label(LabelSchema("other name", ("no", "yes")))
    with pytest.raises(UserError, match=r"knows the classes \['no', 'yes'\], the table has \['no'"):
        initial.require_label(LabelSchema("y", ("no", "perhaps", "yes")))


def test_a_saved_model_of_ours_is_read_with_what_it_knows(tmp_path: Path) -> None:
    data = with_categories(bytes(_booster(["a", "city"]).save_raw("ubj")), BEFORE)
    metadata = {"features": BEFORE.to_json(), "label": LABEL.to_json(), "uid": "x", "columns": {}}
    for kind in ("boosting", "bagging"):
        model_directory.publish(
            (tmp_path / kind).as_uri(),
            {BOOSTER: data},
            {**metadata, "kind": kind},
            spark_metadata="{}",
            if_exists="refuse",
        )
    found = open_initial(str(tmp_path / "boosting"))
    assert (found.features, found.label) == (BEFORE, LABEL)
    assert found.booster == without_categories(data)
    with pytest.raises(ModelError, match="a model of kind bagging, not a booster"):
        open_initial(str(tmp_path / "bagging"))


@pytest.mark.parametrize(
    ("params", "outputs", "sentence"),
    [
        ({"booster": "dart"}, 1, "booster gbtree, and this is dart"),
        ({"num_parallel_tree": 4}, 1, "num_parallel_tree 1, and this is 4"),
        ({}, 3, "outputs 1, and this is 3"),
        ({"base_score": 0.5}, 1, "it has a base score of its own; leave out base_score"),
    ],
)
def test_what_would_spoil_the_earlier_trees_is_refused(
    params: dict[str, Any], outputs: int, sentence: str
) -> None:
    initial = Initial("there", bytes(_booster(["a", "b"]).save_raw("ubj")))
    initial.require_params({"objective": "reg:squarederror"}, 1)
    with pytest.raises(UserError, match=sentence):
        initial.require_params({"objective": "reg:squarederror", **params}, outputs)

"""A trained booster as a Spark model: its file, its columns, its importances."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xgboost as xgb
from pyspark.sql import DataFrame

from pipeline.boosting import BoostingClassificationModel, BoostingRegressionModel
from pipeline.boosting.model import IMPORTANCES
from pipeline.boosting.predictor import BOOSTER
from pipeline.data.encoding import FeatureSchema, LabelSchema
from pipeline.errors import UserError
from tests.boosting.fits import by_id, matrix_of
from tests.estimators.samples import FEATURES, probabilities


def test_the_saved_file_is_a_plain_xgboost_model(
    stopped: BoostingClassificationModel, data: pd.DataFrame, tmp_path: Path
) -> None:
    stopped.save(str(tmp_path / "model"))
    (file,) = (tmp_path / "model").glob("v0*/booster.ubj")
    booster = xgb.Booster(model_file=str(file))
    assert booster.feature_names == FEATURES
    assert booster.feature_types == ["q", "q", "c", "q"]
    expected = stopped.predictor.predict_proba(data[FEATURES])[:, 1]
    assert np.abs(booster.predict(matrix_of(stopped, data)) - expected).max() < 1e-6
    frame = data[FEATURES].astype({"c": "category", "flag": float})
    frame["c"] = frame["c"].cat.set_categories(["red", "green", "blue"])  # codes of its own
    found = booster.predict(xgb.DMatrix(frame, enable_categorical=True))
    assert np.abs(found - expected).max() < 1e-6


def test_leaves_and_contributions_are_xgboosts(
    stopped: BoostingClassificationModel, data: pd.DataFrame, rows: DataFrame
) -> None:
    model = stopped.copy({stopped.leafCol: "leaves", stopped.contribCol: "shap"})
    scored = model.transform(rows)
    assert scored.columns[-5:] == ["rawPrediction", "probability", "prediction", "leaves", "shap"]
    leaves, contributions, raw = by_id(scored, "leaves", "shap", "rawPrediction")
    booster, matrix = stopped.get_booster(), matrix_of(stopped, data.sort_values("id"))
    assert (leaves == booster.predict(matrix, pred_leaf=True)).all()
    assert leaves.shape == (700, stopped.bestIteration + 1)
    assert np.allclose(contributions, booster.predict(matrix, pred_contribs=True), atol=1e-6)
    assert contributions.shape == (700, len(FEATURES) + 1)
    assert np.allclose(contributions.sum(axis=1), raw[:, 1], atol=1e-4)
    assert probabilities(scored).shape == (700, 2)


@pytest.mark.parametrize("kind", IMPORTANCES)
def test_importances_are_xgboosts_by_the_columns_own_names(
    kind: str, stopped: BoostingClassificationModel
) -> None:
    found = stopped.get_feature_importances(kind)
    expected = stopped.get_booster().get_score(importance_type=kind)
    assert set(found) == set(FEATURES)
    assert found == {name: pytest.approx(expected.get(name, 0.0)) for name in FEATURES}
    assert list(found.values()) == sorted(found.values(), reverse=True)


def test_gains_are_shares_in_the_order_of_the_columns(
    stopped: BoostingClassificationModel,
) -> None:
    shares = stopped.featureImportances
    gains = stopped.get_feature_importances("total_gain")
    assert shares.values.sum() == pytest.approx(1)
    total = sum(gains.values())
    assert shares.values == pytest.approx([gains[name] / total for name in FEATURES])
    with pytest.raises(UserError, match="importance_type must be one of gain, weight, cover, tot"):
        stopped.get_feature_importances("shap")


def test_entries_of_a_vector_have_importances_by_their_names() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(200, 3))
    names = ["v_0", "v_1", "v_2"]  # as XGBoost accepts them
    matrix = xgb.DMatrix(features, features[:, 2] * 3 + features[:, 0], feature_names=names)
    booster = xgb.train({"max_depth": 2, "nthread": 1}, matrix, 5)
    metadata = {
        "features": FeatureSchema(vector="v", size=3).to_json(),
        "label": LabelSchema("y", (), (0.0, 1.0)).to_json(),
    }
    model = BoostingRegressionModel(metadata, {BOOSTER: bytes(booster.save_raw("ubj"))})
    found = model.get_feature_importances()
    assert list(found)[:2] == ["v[2]", "v[0]"]
    assert set(found) == {"v[0]", "v[1]", "v[2]"}


def test_a_loaded_model_knows_its_iterations_and_its_history(
    stopped: BoostingClassificationModel, tmp_path: Path
) -> None:
    stopped.save(str(tmp_path / "model"))
    loaded = BoostingClassificationModel.load(str(tmp_path / "model"))
    assert loaded.bestIteration == stopped.bestIteration
    assert loaded.history == stopped.history
    assert loaded.get_booster().get_dump() == stopped.get_booster().get_dump()

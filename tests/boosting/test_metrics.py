"""What is measured after each round."""

from __future__ import annotations

import numpy as np
import pytest
import xgboost as xgb

from pipeline.boosting.metrics import Metrics

OWN = "tests.boosting.own_functions"


def _matrix(rows: int, seed: int) -> xgb.DMatrix:
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(rows, 3))
    return xgb.DMatrix(features, (features[:, 0] > 0).astype(float))


@pytest.fixture(scope="module")
def watched() -> list[tuple[xgb.DMatrix, str]]:
    return [(_matrix(200, 0), "train"), (_matrix(100, 1), "validation")]


def _booster(watched: list[tuple[xgb.DMatrix, str]], metrics: list[str]) -> xgb.Booster:
    params = {"objective": "binary:logistic", "eval_metric": metrics, "nthread": 1}
    booster = xgb.Booster(params, [watched[0][0]])
    booster.update(watched[0][0], 0)
    return booster


def test_metrics_are_named_by_part_and_metric(watched: list[tuple[xgb.DMatrix, str]]) -> None:
    names = ["logloss", "error@0.7", "poisson-nloglik"]
    found = Metrics((), is_margin=False).of(_booster(watched, names), watched, 0)
    parts = ("train", "validation")
    assert list(found) == [f"{part}.{name}" for part in parts for name in names]
    assert all(0 < value < 1 for value in found.values())


def test_functions_get_predictions_and_are_named_by_their_last_part(
    watched: list[tuple[xgb.DMatrix, str]],
) -> None:
    metrics = Metrics((f"{OWN}.mean_error", f"{OWN}.furthest"), is_margin=False)
    found = metrics.of(_booster(watched, ["mae"]), watched, 0)
    names = [name for name in found if name.startswith("validation.")]
    assert names == ["validation.mae", "validation.mean_error", "validation.furthest"]
    for part in ("train", "validation"):
        assert found[f"{part}.mean_error"] == pytest.approx(found[f"{part}.mae"], abs=1e-6)


def test_functions_get_margins_with_an_own_objective(
    watched: list[tuple[xgb.DMatrix, str]],
) -> None:
    booster = _booster(watched, ["logloss"])
    found = Metrics((f"{OWN}.furthest",), is_margin=True).of(booster, watched, 0)
    matrix = watched[1][0]
    margins = booster.predict(matrix, output_margin=True)
    expected = np.abs(margins - matrix.get_label()).max()
    assert found["validation.furthest"] == pytest.approx(expected, abs=1e-5)


def test_a_function_that_gives_tiny_values_is_not_rounded(
    watched: list[tuple[xgb.DMatrix, str]],
) -> None:
    found = Metrics((f"{OWN}.tiny",), is_margin=False).of(_booster(watched, ["mae"]), watched, 0)
    assert found["validation.tiny"] == 1.23e-9

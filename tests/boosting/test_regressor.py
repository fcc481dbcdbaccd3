"""Boosted trees for numbers, on Spark: each objective, margins, missing values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xgboost as xgb
from pyspark.sql import DataFrame, SparkSession

from pipeline.boosting import BoostingRegressionModel, BoostingRegressor
from pipeline.errors import DataError, GangNeverFitsError, UserError
from tests.boosting import own_functions
from tests.boosting.fits import by_id

ROWS = 600
PARAMS = {"max_depth": 3, "eta": 0.3, "max_bin": 64}
NAMES = ["x", "y", "z"]


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """Whole numbers (so that bins are the values), and labels of each kind that follow from them.

    Zeros of `z` say that it is not known.
    """
    rng = np.random.default_rng(0)
    x, y, z = rng.integers(1, 20, ROWS), rng.integers(-9, 10, ROWS), rng.integers(0, 6, ROWS)
    mean = np.exp(0.1 * x - 0.05 * y + 0.2 * (z == 0))
    time = mean * rng.weibull(3, ROWS)
    is_seen = rng.random(ROWS) < 0.7
    return pd.DataFrame(
        {
            "id": np.arange(ROWS),
            "x": x.astype(float),
            "y": y.astype(float),
            "z": z.astype(float),
            "start": 0.1 * x,
            "weight": rng.integers(1, 4, ROWS).astype(float),
            "number": mean * 3 + rng.normal(size=ROWS),
            "count": rng.poisson(mean),
            "claim": np.where(rng.random(ROWS) < 0.4, 0.0, mean * rng.gamma(2, size=ROWS)),
            "positive": mean * rng.gamma(4, size=ROWS) + 0.01,
            "time": time,
            "until": np.where(is_seen, time, np.nan),  # not seen yet: null
            "soon": time * 0.5,
            "below": -time,
        }
    )


@pytest.fixture(scope="module")
def frame(spark: SparkSession, table: pd.DataFrame) -> Iterator[DataFrame]:
    records = table.astype(object).where(table.notna(), None)
    kinds = {"id": "long", "count": "int"}
    schema = ", ".join(f"`{name}` {kinds.get(name, 'double')}" for name in table.columns)
    found = spark.createDataFrame(records.values.tolist(), schema).repartition(2).cache()
    yield found
    found.unpersist()


def _fit(frame: DataFrame, label: str, **params: Any) -> BoostingRegressionModel:
    given = {"featuresCols": NAMES, "labelCol": label, "rowIdCol": "id", "rounds": 15, **PARAMS}
    return BoostingRegressor(**{**given, **params}).fit(frame)


def _native(table: pd.DataFrame, objective: str, label: str | None, **info: Any) -> xgb.Booster:
    missing = info.pop("missing", None)
    matrix = xgb.QuantileDMatrix(
        table[NAMES].to_numpy(),
        None if label is None else table[label],
        max_bin=PARAMS["max_bin"],
        missing=np.nan if missing is None else missing,
        **info,
    )
    return xgb.train({**PARAMS, "objective": objective, "nthread": 1}, matrix, 15)


def test_margins_weights_and_missing_values_mean_what_they_do_in_plain_xgboost(
    frame: DataFrame, table: pd.DataFrame
) -> None:
    """In training and in scoring. Two workers add up what one process adds up."""
    metrics = ["mae", own_functions.mean_error]
    model = _fit(
        frame,
        "number",
        missing=0.0,
        baseMarginCol="start",
        weightCol="weight",
        eval_metric=metrics,
        validation_fraction=0.0,
    )
    native = _native(
        table,
        "reg:squarederror",
        "number",
        missing=0.0,
        base_margin=table["start"],
        weight=table["weight"],
    )
    assert model.metrics["workers"] == 2
    (found,) = by_id(model.transform(frame), "prediction")
    matrix = xgb.DMatrix(table[NAMES].to_numpy(), missing=0.0, base_margin=table["start"])
    assert np.allclose(found, native.predict(matrix), atol=1e-3)
    error = np.abs(found - table["number"])
    assert error.mean() < 0.3 * np.abs(table["number"] - table["number"].mean()).mean()
    last = model.history[-1]
    assert last["train.mae"] == pytest.approx(np.average(error, weights=table["weight"]), abs=1e-4)
    assert set(last) == {"round", "train.mae", "train.mean_error"}
    other = model.copy({model.baseMarginCol: "weight"})  # another column, for other rows
    (moved,) = by_id(other.transform(frame), "prediction")
    assert np.allclose(moved - found, table["weight"] - table["start"], atol=1e-4)


def test_quantiles_hold_their_share_of_the_rows(frame: DataFrame, table: pd.DataFrame) -> None:
    model = _fit(
        frame, "number", objective="reg:quantileerror", quantile_alpha=[0.1, 0.5, 0.9], rounds=30
    )
    scored = model.transform(frame)
    assert scored.columns == [*frame.columns, "prediction", "quantiles"]
    prediction, quantiles = by_id(scored, "prediction", "quantiles")
    assert quantiles.shape == (ROWS, 3)
    assert (prediction == quantiles[:, 1]).all()
    shares = (table["number"].to_numpy()[:, None] <= quantiles).mean(axis=0)
    assert shares == pytest.approx([0.1, 0.5, 0.9], abs=0.08)
    renamed = model.copy({model.quantilesCol: "levels"})
    assert renamed.transform(frame).columns[-2:] == ["prediction", "levels"]
    without = model.copy({model.quantilesCol: ""})
    assert without.transform(frame).columns[-1] == "prediction"


@pytest.mark.slow
def test_survival_times_may_be_censored(frame: DataFrame, table: pd.DataFrame) -> None:
    params = {"objective": "survival:aft", "aft_loss_distribution": "extreme"}
    model = _fit(frame, "time", labelUpperCol="until", **params)
    assert set(model.history[0]) == {"round", "train.aft-nloglik"}
    losses = [row["train.aft-nloglik"] for row in model.history]
    assert losses[-1] < losses[0]
    (found,) = by_id(model.transform(frame), "prediction")
    upper = table["until"].fillna(np.inf)
    matrix = xgb.QuantileDMatrix(table[NAMES].to_numpy(), max_bin=PARAMS["max_bin"])
    matrix.set_info(label_lower_bound=table["time"], label_upper_bound=upper)
    native = xgb.train({**PARAMS, **params, "nthread": 1}, matrix, 15)
    expected = native.predict(xgb.DMatrix(table[NAMES].to_numpy()))
    assert np.abs(found / expected - 1).max() < 0.05
    assert np.corrcoef(np.log(found), np.log(table["time"]))[0, 1] > 0.7


@pytest.mark.slow
@pytest.mark.parametrize(
    ("objective", "label", "more"),
    [
        ("reg:squarederror", "number", {}),
        ("reg:absoluteerror", "number", {}),
        ("reg:pseudohubererror", "number", {"huber_slope": 10.0}),
        ("reg:squaredlogerror", "positive", {}),
        ("count:poisson", "count", {}),
        ("reg:tweedie", "claim", {"tweedie_variance_power": 1.4}),
        ("reg:gamma", "positive", {}),
        ("tests.boosting.own_functions.squared", "number", {}),
    ],
)
def test_every_objective_predicts_better_than_the_mean(
    objective: str, label: str, more: dict[str, Any], frame: DataFrame, table: pd.DataFrame
) -> None:
    model = _fit(frame, label, objective=objective, rounds=30, **more)
    (found,) = by_id(model.transform(frame), "prediction")
    truth = table[label]
    error, by_mean = np.abs(found - truth).mean(), np.abs(truth - truth.mean()).mean()
    assert error < 0.9 * by_mean
    if label == "number":
        assert error < 0.3 * by_mean
    else:
        assert (found > 0).all()
    own = found if "." in objective else None
    assert own is None or np.allclose(own, _as_squared(frame), rtol=0.05)


def _as_squared(frame: DataFrame) -> np.ndarray:
    model = _fit(frame, "number", rounds=30, base_score=0.5)
    (found,) = by_id(model.transform(frame), "prediction")
    return found


@pytest.mark.parametrize(
    ("objective", "label", "sentence"),
    [
        ("count:poisson", "below", r"label below goes from -.* count:poisson takes .* at least 0"),
        ("reg:gamma", "claim", r"label claim goes from 0 to .*; reg:gamma takes labels above 0"),
        ("reg:logistic", "count", r"label count goes from 0 to .*; reg:logistic takes .* 0 to 1"),
    ],
)
def test_labels_outside_of_the_domain_are_refused_with_label_and_objective(
    objective: str, label: str, sentence: str, frame: DataFrame
) -> None:
    with pytest.raises(DataError, match=sentence):
        _fit(frame, label, objective=objective)


def test_an_upper_bound_below_the_label_is_refused(frame: DataFrame) -> None:
    with pytest.raises(DataError, match="labelUpperCol: soon is NaN or below time, the lower"):
        _fit(frame, "time", objective="survival:aft", labelUpperCol="soon")


def test_cox_is_for_one_worker(frame: DataFrame) -> None:
    with pytest.raises(UserError, match="survival:cox compares every row with every other") as told:
        _fit(frame, "time", objective="survival:cox")
    assert not isinstance(told.value, GangNeverFitsError)

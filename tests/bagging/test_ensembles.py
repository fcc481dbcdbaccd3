"""What bagging can be asked for: regression, sampling, combining, spread, importance, gangs."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import xgboost as xgb
from pyspark.ml import Pipeline, PipelineModel
from pyspark.ml.evaluation import RegressionEvaluator
from pyspark.ml.feature import SQLTransformer
from pyspark.ml.tuning import CrossValidator, ParamGridBuilder
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from pipeline.bagging import (
    BaggingClassificationModel,
    BaggingClassifier,
    BaggingRegressionModel,
    BaggingRegressor,
)
from pipeline.bagging.model import BaggingModel
from pipeline.errors import DataError, UserError
from pipeline.estimators.predictor import load_predictor
from tests.estimators.samples import FEATURES, frame, probabilities, table

REPLICAS = 7
QUICK = {"featuresCols": FEATURES, "rowIdCol": "id", "replicas": REPLICAS, "max_depth": 4}


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    return table(600)


@pytest.fixture(scope="module")
def rows(spark: SparkSession, data: pd.DataFrame) -> Iterator[DataFrame]:
    value = 3 * F.coalesce("a", F.lit(0.0)) + F.col("b") + 100
    group = F.pmod(F.col("id"), F.lit(40))
    found = frame(spark, data).withColumn("value", value).withColumn("group", group).cache()
    yield found
    found.unpersist()


@pytest.fixture(scope="module")
def regression(rows: DataFrame) -> BaggingRegressionModel:
    return BaggingRegressor(labelCol="value", importance=True, out_of_bag="rows", **QUICK).fit(rows)


def _classifier(rows: DataFrame, label: str = "text", **params: Any) -> BaggingClassificationModel:
    return BaggingClassifier(labelCol=label, **{**QUICK, **params}).fit(rows)


def _members(model: BaggingModel, data: pd.DataFrame) -> np.ndarray:
    """Scores of each saved replica, shape (replicas, rows, outputs), in the order of identity."""
    matrix = model.features.encode(pa.Table.from_pandas(data[FEATURES], preserve_index=False))
    names = [f"replica-{place:06d}.ubj" for place in range(model.replicas)]
    boosters = [xgb.Booster(model_file=bytearray(model.natives[name])) for name in names]
    found = np.array([booster.inplace_predict(matrix) for booster in boosters])
    return found.reshape(len(names), len(data), -1)


@pytest.fixture(scope="module")
def ordered(data: pd.DataFrame, rows: DataFrame) -> pd.DataFrame:
    values = rows.select("id", "value", "group").toPandas()
    return data.merge(values, on="id").sort_values("id").reset_index(drop=True)


# Numbers


def test_a_regressor_predicts_the_mean_of_its_trees(
    regression: BaggingRegressionModel, rows: DataFrame, ordered: pd.DataFrame
) -> None:
    scored = regression.transform(rows)
    assert scored.columns == [*rows.columns, "prediction"]
    found = scored.select("id", "prediction").toPandas().sort_values("id")["prediction"].to_numpy()
    expected = _members(regression, ordered)[:, :, 0].astype(float).mean(axis=0)
    assert np.abs(found - expected).max() < 1e-4  # of values about 100, in single precision
    assert np.corrcoef(found, ordered["value"])[0, 1] > 0.9


def test_its_out_of_bag_error_is_the_mean_squared_error_of_unseen_rows(
    regression: BaggingRegressionModel, ordered: pd.DataFrame
) -> None:
    members = _members(regression, ordered)[:, :, 0].astype(float)
    is_out = np.array([regression.inBagCounts(place) == 0 for place in range(REPLICAS)])
    voted = is_out.any(axis=0)
    mean = (members * is_out).sum(axis=0)[voted] / is_out.sum(axis=0)[voted]
    expected = ((mean - ordered["value"].to_numpy()[voted]) ** 2).mean()
    assert regression.metrics["out_of_bag"]["error"] == pytest.approx(expected, rel=1e-5)
    assert regression.history[-1] == {
        "replicas": REPLICAS,
        "out_of_bag.error": regression.metrics["out_of_bag"]["error"],
    }


def test_out_of_bag_rows_are_kept_with_the_model(
    regression: BaggingRegressionModel, ordered: pd.DataFrame, tmp_path: Path
) -> None:
    regression.save(str(tmp_path / "model"))
    loaded = BaggingRegressionModel.load(str(tmp_path / "model"))
    found: Any = loaded.outOfBag().toPandas().sort_values("row_id").reset_index(drop=True)
    assert (found["row_id"] == ordered["id"]).all()
    is_out = np.array([loaded.inBagCounts(place) == 0 for place in range(REPLICAS)])
    assert (found["votes"] == is_out.sum(axis=0)).all()
    silent = found["votes"] == 0
    assert silent.sum() == loaded.metrics["out_of_bag"]["rows_without_vote"] > 0
    assert (found["prediction"].isna() == silent).all()
    errors = (found["prediction"] - ordered["value"]) ** 2
    assert errors.mean() == pytest.approx(loaded.metrics["out_of_bag"]["error"])


def test_importance_finds_the_columns_that_matter(regression: BaggingRegressionModel) -> None:
    found = {row["feature"]: row["increase"] for row in regression.importance}
    assert set(found) == set(FEATURES)
    assert min(found["a"], found["b"]) > 20 * max(abs(found["c"]), abs(found["flag"]))


def test_a_saved_regressor_predicts_without_spark(
    regression: BaggingRegressionModel, ordered: pd.DataFrame, tmp_path: Path
) -> None:
    regression.save(str(tmp_path / "model"))
    found = load_predictor(str(tmp_path / "model")).predict(ordered[FEATURES])
    expected = _members(regression, ordered)[:, :, 0].astype(float).mean(axis=0)
    assert np.abs(np.array(found) - expected).max() < 1e-4


def test_text_is_no_number_to_predict(rows: DataFrame) -> None:
    with pytest.raises(DataError, match="labelCol: text is text; a regressor needs a number"):
        BaggingRegressor(labelCol="text", **QUICK).fit(rows)


# Samples


@pytest.mark.parametrize(
    "sampling",
    [
        {"sampling": "poisson"},
        {"sampling": "pasting", "max_samples": 0.6, "max_features": 0.5},
        {"stratified": True, "max_samples": 0.8},
        {"group_col": "group"},
    ],
    ids=lambda found: next(iter(found)) + str(next(iter(found.values()))),
)
def test_samples_are_drawn_again_from_the_model(
    sampling: dict[str, Any], rows: DataFrame, ordered: pd.DataFrame
) -> None:
    """As they were drawn in the fit: the out-of-bag error follows from them."""
    model = _classifier(rows.repartition(3, "a"), **sampling)
    drawn = [model.inBagCounts(place, rows.repartition(5)) for place in range(REPLICAS)]
    counts = np.array(drawn)
    members = _members(model, ordered)[:, :, 0]
    is_out = counts == 0
    voted = is_out.any(axis=0)
    mean = (members * is_out).sum(axis=0)[voted] / is_out.sum(axis=0)[voted]
    wrong = (mean > 0.5) != (ordered["text"] == "yes").to_numpy()[voted]
    assert model.metrics["out_of_bag"]["error"] == pytest.approx(wrong.mean(), abs=1e-9)
    if "group_col" in sampling:
        by_group = pd.DataFrame(counts.T).groupby(ordered["group"]).nunique()
        assert (by_group == 1).all(axis=None)


def test_draws_that_need_the_rows_ask_for_them(rows: DataFrame) -> None:
    model = _classifier(rows, sampling="poisson", replicas=1, out_of_bag="none")
    assert "out_of_bag" not in model.metrics
    with pytest.raises(UserError, match="call inBagCounts"):
        model.inBagCounts(0)
    with pytest.raises(UserError, match="it is not the training frame"):
        model.inBagCounts(0, rows.limit(10))
    with pytest.raises(UserError, match="there is no replica 1; the model has 1"):
        model.inBagCounts(1)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"sampling": "pasting"}, "max_samples must be below 1"),
        ({"sampling": "poisson", "stratified": True}, "stratified goes with"),
        ({"stratified": True, "group_col": "group"}, "do not go together"),
        ({"max_features": 0.5, "colsample_bytree": 0.5}, "set one"),
        ({"out_of_bag": "none", "early_stopping": 5}, "early_stopping needs the out-of-bag"),
        ({"combine": "median"}, "combine must be soft or hard, not 'median'"),
        ({"placement": "gang", "sampling": "bootstrap"}, "needs all rows in one place"),
        ({"placement": "gang", "learner": "network"}, "is trained in one process"),
        ({"learner_params": {"C": 1}}, "learner_params is for learners other than xgboost"),
        ({"learner": "sklearn.tree.DecisionTreeClasifier"}, "DecisionTreeClassifier"),
        ({"group_col": "grup"}, "did you mean group"),
        (
            {"class_weight": "balanced", "learner": "sklearn.neighbors.KNeighborsClassifier"},
            "takes no weights",
        ),
        ({"class_weight": "heavy"}, "class_weight must be none, balanced"),
    ],
    ids=lambda found: "" if isinstance(found, str) else "-".join(found),
)
def test_what_cannot_be_is_refused_before_any_job(
    params: dict[str, Any], message: str, rows: DataFrame, spark: SparkSession
) -> None:
    context = spark.sparkContext
    context.setJobGroup("refused", "refused")
    try:
        with pytest.raises(UserError, match=message):
            _classifier(rows, **params)
    finally:
        context.setLocalProperty("spark.jobGroup.id", None)  # type: ignore[arg-type]
    assert context.statusTracker().getJobIdsForGroup("refused") == []


# Combining


def test_a_hard_vote_with_spread(rows: DataFrame, ordered: pd.DataFrame) -> None:
    model = _classifier(
        rows, combine="hard", spread_col="spread", quantiles_col="q", quantiles=[0.0, 1.0]
    )
    shares = _members(model, ordered)[:, :, 0]
    scored = model.transform(rows)
    found = probabilities(scored)
    assert np.allclose(found[:, 1], (shares > 0.5).mean(axis=0))
    extra: Any = scored.select("id", "prediction", "spread", "q").toPandas().sort_values("id")
    own = np.where(extra["prediction"].to_numpy() == "yes", shares, 1 - shares)
    assert np.allclose(extra["spread"], own.std(axis=0), atol=1e-6)
    assert np.allclose(np.array(extra["q"].tolist())[:, 0], own.min(axis=0), atol=1e-6)
    assert np.allclose(np.array(extra["q"].tolist())[:, 1], own.max(axis=0), atol=1e-6)
    wrong = _classifier(rows).metrics["out_of_bag"]["error"]
    assert model.metrics["out_of_bag"]["error"] == pytest.approx(wrong, abs=0.1)


def test_spread_can_be_asked_for_after_scoring_without_it(rows: DataFrame) -> None:
    model = _classifier(rows)
    plain = probabilities(model.transform(rows))
    found = model.copy({model.spread_col: "spread"}).transform(rows)
    assert (probabilities(found) == plain).all()
    assert found.where("spread > 0").count() > 300
    assert "spread" not in model.transform(rows).columns


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"objective": "binary:logitraw"}, "objective must be one of"),
        ({"objective": "multi:softprob"}, "does not go with 2 classes"),
        ({"class_weight": {"maybe": 2.0}}, "class_weight names maybe"),
    ],
)
def test_what_gives_no_probabilities_of_the_labels_classes_is_refused(
    params: dict[str, Any], message: str, rows: DataFrame
) -> None:
    with pytest.raises(UserError, match=message):
        _classifier(rows, **params)


@pytest.mark.slow
def test_the_median_of_numbers(rows: DataFrame, ordered: pd.DataFrame) -> None:
    model = BaggingRegressor(labelCol="value", combine="median", **QUICK).fit(rows)
    found: Any = model.transform(rows).select("id", "prediction").toPandas().sort_values("id")
    expected = np.median(_members(model, ordered)[:, :, 0], axis=0)
    assert np.allclose(found["prediction"], expected, atol=1e-4)


@pytest.mark.parametrize("columns", [FEATURES, ["a", "b", "flag"]], ids=["categories", "numbers"])
def test_more_than_two_classes(rows: DataFrame, columns: list[str], ordered: pd.DataFrame) -> None:
    """Trees with vectors in their leaves where no column is categorical, else one per class."""
    model = _classifier(rows, "three", featuresCols=columns)
    found = probabilities(model.transform(rows))
    assert found.shape == (600, 3)
    assert np.allclose(found.sum(axis=1), 1)
    known: Any = model.transform(rows).select("id", "three", "prediction").toPandas()
    assert (known["three"] == known["prediction"]).mean() > 0.9
    assert model.metrics["out_of_bag"]["error"] < 0.2
    matrix = model.features.encode(pa.Table.from_pandas(ordered[columns], preserve_index=False))
    one = model.predictor.scores(matrix)[1]
    members = model.predictor._opened()  # type: ignore[attr-defined]
    mean = np.mean([own.scores(matrix) for own in members], axis=0, dtype=float)
    assert np.abs(mean / mean.sum(axis=1, keepdims=True) - one).max() < 1e-6


@pytest.mark.slow
def test_boosted_replicas_are_no_sum_and_are_averaged_one_by_one(rows: DataFrame) -> None:
    model = _classifier(rows, rounds=5, eta=0.3, replicas=3)
    assert model.metadata["bagging"]["merged"] is None
    assert model.metrics["out_of_bag"]["error"] < 0.3
    assert np.allclose(probabilities(model.transform(rows)).sum(axis=1), 1)


@pytest.mark.slow
def test_class_weights_move_the_decision(rows: DataFrame) -> None:
    def share_of_yes(**params: Any) -> float:
        scored = _classifier(rows, min_child_weight=40.0, **params).transform(rows)
        return scored.where("prediction = 'yes'").count() / 600

    assert (
        share_of_yes(class_weight={"yes": 9})
        > share_of_yes()
        > share_of_yes(class_weight={"yes": 0.1})
    )


# Stopping, gangs, tuning


def test_early_stopping_ends_when_the_error_is_flat(rows: DataFrame) -> None:
    model = _classifier(
        rows, replicas=60, early_stopping=8, early_stopping_tolerance=0.05, max_depth=2
    )
    assert model.replicas < 60
    assert [row["replicas"] for row in model.history] == list(range(4, model.replicas + 1, 4))
    assert sum(name.startswith("replica-") for name in model.natives) == model.replicas


@pytest.fixture(scope="module")
def ganged(rows: DataFrame) -> BaggingClassificationModel:
    return _classifier(rows, placement="gang", numWorkers=2, out_of_bag="rows", importance=True)


def test_a_gang_draws_what_tasks_draw(ganged: BaggingClassificationModel, rows: DataFrame) -> None:
    alone = _classifier(rows, sampling="poisson")
    for place in range(REPLICAS):
        assert (ganged.inBagCounts(place, rows) == alone.inBagCounts(place, rows)).all()
    assert ganged.placement["kind"] == "gang"
    assert ganged.metrics["workers"] == 2
    both = [probabilities(model.transform(rows)) for model in (ganged, alone)]
    assert np.abs(both[0] - both[1]).mean() < 0.05  # bins of shards are not those of all rows
    errors = [model.metrics["out_of_bag"]["error"] for model in (ganged, alone)]
    assert errors[0] == pytest.approx(errors[1], abs=0.04)


def test_a_gangs_out_of_bag_rows(
    ganged: BaggingClassificationModel, rows: DataFrame, ordered: pd.DataFrame
) -> None:
    found: Any = ganged.outOfBag().toPandas().sort_values("row_id").reset_index(drop=True)
    counts = np.array([ganged.inBagCounts(place, rows) for place in range(REPLICAS)])
    assert (found["row_id"] == ordered["id"]).all()
    assert (found["votes"] == (counts == 0).sum(axis=0)).all()
    wrong = (found["prediction"] != ordered["text"])[found["votes"] > 0]
    assert wrong.mean() == pytest.approx(ganged.metrics["out_of_bag"]["error"])
    assert ganged.importance[0]["feature"] == "a"


@pytest.mark.slow
def test_gangs_of_three_classes_and_of_numbers(rows: DataFrame) -> None:
    gang = {"placement": "gang", "numWorkers": 2, "featuresCols": ["a", "b", "flag"]}
    three = _classifier(rows, "three", **gang)
    assert three.metrics["out_of_bag"]["error"] < 0.2
    assert probabilities(three.transform(rows)).shape == (600, 3)
    numbers = BaggingRegressor(labelCol="value", **{**QUICK, **gang}).fit(rows)
    alone = BaggingRegressor(
        labelCol="value", sampling="poisson", **{**QUICK, "featuresCols": ["a", "b", "flag"]}
    ).fit(rows)
    errors = [model.metrics["out_of_bag"]["error"] for model in (numbers, alone)]
    assert errors[0] == pytest.approx(errors[1], rel=0.3)


@pytest.mark.parametrize("placement", ["task", "gang"])
def test_nodes_that_do_not_share_the_scratch_are_an_error_not_a_wrong_model(
    placement: str, rows: DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Driver and Workers have directories of their own, as nodes have disks of their own."""
    monkeypatch.chdir(tmp_path)
    own = "file:///proc/self/cwd/scratch"
    with pytest.raises(UserError, match=r"does not see the scratch directory .* Set `scratch`"):
        _classifier(rows, placement=placement, numWorkers=2, scratchDir=own)
    with pytest.raises(UserError, match=r"does not see .* where replicas are kept"):
        _classifier(rows, placement=placement, numWorkers=2, checkpoint_dir=own)


def test_fits_that_share_a_checkpoint_keep_their_own_files(rows: DataFrame, tmp_path: Path) -> None:
    common = {"checkpoint_dir": str(tmp_path), "out_of_bag": "rows"}
    few, many = (_classifier(rows, replicas=count, **common) for count in (4, 6))
    assert len(list(tmp_path.glob("bagging-*/replica-*.ubj"))) == 6
    votes = [model.outOfBag().agg(F.sum("votes")).first()[0] for model in (few, many)]
    expected = [
        sum(int((model.inBagCounts(each) == 0).sum()) for each in range(model.replicas))
        for model in (few, many)
    ]
    assert votes == expected
    assert (probabilities(few.transform(rows)) != probabilities(many.transform(rows))).any()


def test_replicas_of_a_model_go_with_it_and_a_failed_fit_leaves_nothing(
    rows: DataFrame, tmp_path: Path
) -> None:
    model = _classifier(rows, replicas=2, scratchDir=str(tmp_path))
    assert len(list(tmp_path.iterdir())) == 1
    del model
    gc.collect()
    assert list(tmp_path.iterdir()) == []
    infinite = rows.withColumn("a", F.when(F.col("id") == 0, float("inf")).otherwise(F.col("a")))
    with pytest.raises(DataError, match="infinite"):
        _classifier(infinite, scratchDir=str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_model_may_replace_itself(rows: DataFrame, tmp_path: Path) -> None:
    model = _classifier(rows, replicas=2)
    model.save(str(tmp_path / "model"))
    loaded = BaggingClassificationModel.load(str(tmp_path / "model"))
    loaded.write().overwrite().save(str(tmp_path / "model"))
    assert (probabilities(loaded.transform(rows)) == probabilities(model.transform(rows))).all()


def test_a_table_beyond_a_workers_memory_goes_to_a_gang(rows: DataFrame) -> None:
    model = _classifier(rows, replicas=2, worker_memory_mb=64, numWorkers=1)
    assert model.placement["kind"] == "gang"
    assert "a worker process (worker_memory_mb) may take 64" in model.placement["reason"]


@pytest.mark.slow
def test_regressors_in_pipelines_and_cross_validation(rows: DataFrame, tmp_path: Path) -> None:
    estimator = BaggingRegressor(labelCol="value", **{**QUICK, "featuresCols": ["a", "twice"]})
    stages = Pipeline(
        stages=[SQLTransformer(statement="SELECT *, b * 2 AS twice FROM __THIS__"), estimator]
    )
    tuned = CrossValidator(
        estimator=stages,
        estimatorParamMaps=ParamGridBuilder().addGrid(estimator.max_depth, [1, 5]).build(),
        evaluator=RegressionEvaluator(labelCol="value"),
        numFolds=2,
        seed=1,
    ).fit(rows)
    assert tuned.avgMetrics[1] < tuned.avgMetrics[0]
    best: Any = tuned.bestModel
    best.write().overwrite().save(str(tmp_path / "best"))
    loaded = PipelineModel.load(str(tmp_path / "best"))
    both: Any = [model.transform(rows).orderBy("id").toPandas() for model in (best, loaded)]
    assert (both[0]["prediction"] == both[1]["prediction"]).all()

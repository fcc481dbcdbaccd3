"""Ensembles of Spark ML estimators, from the fit to the saved model."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyspark.ml import Pipeline, PipelineModel
from pyspark.ml.classification import LogisticRegressionModel
from pyspark.ml.evaluation import MulticlassClassificationEvaluator
from pyspark.ml.functions import vector_to_array
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
from pipeline.bagging.resampling import columns_of, poisson_counts
from pipeline.bagging.spark_learners import scorers, training
from pipeline.bagging.spark_learners.features import load_inputs
from pipeline.bagging.spark_learners.members import Members
from pipeline.bagging.spark_learners.pool import in_threads
from pipeline.bagging.spark_learners.saved import directories_in
from pipeline.errors import DataError, ModelError, UserError
from pipeline.estimators.predictor import load_predictor
from pipeline.store.stored_files import StoredFiles
from tests.estimators.samples import FEATURES, frame, probabilities, table

LOGISTIC = "pyspark.ml.classification.LogisticRegression"
TREE = "pyspark.ml.regression.DecisionTreeRegressor"
REPLICAS = 3


def _jobs(spark: SparkSession) -> int:
    jvm: Any = spark.sparkContext._jsc
    return int(jvm.sc().dagScheduler().nextJobId())


def _persisted(spark: SparkSession) -> int:
    jvm: Any = spark.sparkContext._jsc
    return len(jvm.getPersistentRDDs())


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    return table(400)


@pytest.fixture(scope="module")
def rows(spark: SparkSession, data: pd.DataFrame) -> Iterator[DataFrame]:
    found = frame(spark, data).cache()
    yield found
    found.unpersist()


def _classifier(**params: Any) -> BaggingClassifier:
    given = {
        "learner": LOGISTIC,
        "learner_params": {"maxIter": 5, "regParam": 0.01},
        "featuresCols": FEATURES,
        "labelCol": "text",
        "rowIdCol": "id",
        "replicas": REPLICAS,
        **params,
    }
    return BaggingClassifier(**given)


@pytest.fixture(scope="module")
def model(rows: DataFrame) -> BaggingClassificationModel:
    """Every fourth row is marked for validation."""
    return _classifier(out_of_bag="rows", validationIndicatorCol="later", seed=3).fit(rows)


def _stored(model: BaggingModel) -> StoredFiles:
    assert isinstance(model.natives, StoredFiles)
    return model.natives


def _shares(model: BaggingClassificationModel, rows: DataFrame) -> np.ndarray:
    """Of the class yes, by each saved replica: shape (replicas, rows), in the order of ids."""
    inputs = load_inputs(_stored(model), model.features, reads_columns=False)
    prepared = inputs.prepared(rows.select("id", *FEATURES))
    found = []
    places = directories_in(model.natives)
    for replica in range(REPLICAS):
        place = places[f"replica-{replica:06d}"]
        member = LogisticRegressionModel.load(f"{_stored(model).uri}/{place}")
        member.setProbabilityCol("p").setRawPredictionCol("").setPredictionCol("")
        scored = member.transform(prepared).select("id", vector_to_array("p")[1].alias("p"))
        found.append(scored.toPandas().sort_values("id")["p"].to_numpy())
    return np.array(found)


def test_a_replica_is_a_spark_ml_model_beside_the_features_pipeline(
    model: BaggingClassificationModel, data: pd.DataFrame
) -> None:
    places = {name.split("/")[0] for name in model.natives}
    named = directories_in(model.natives)
    replicas = {f"replica-{place:06d}" for place in range(REPLICAS)}
    assert set(named) == {"features", f"out-of-bag-soft-{REPLICAS}", *replicas}
    assert places == set(named.values())
    assert model.placement["kind"] == "gang"
    assert "Spark jobs" in model.placement["reason"]
    assert model.metadata["rows"] == {"train": 300, "validation": 100}


def test_out_of_bag_error_is_that_of_replicas_on_rows_they_have_not_seen(
    model: BaggingClassificationModel, rows: DataFrame, data: pd.DataFrame
) -> None:
    seen = data[~data["later"]].sort_values("id")
    shares = _shares(model, rows.where(~F.col("later")))
    ids = seen["id"].to_numpy(dtype=np.int64)
    is_out = np.array([poisson_counts(3, replica, ids) == 0 for replica in range(REPLICAS)])
    voted = is_out.any(axis=0)
    mean = (shares * is_out).sum(axis=0)[voted] / is_out.sum(axis=0)[voted]
    wrong = (mean > 0.5) != (seen["text"] == "yes").to_numpy()[voted]
    out_of_bag = model.metrics["out_of_bag"]
    assert out_of_bag["rows"] == voted.sum()
    assert out_of_bag["rows_without_vote"] == (~voted).sum()
    assert out_of_bag["error"] == pytest.approx(wrong.mean(), abs=1e-12)
    assert 0 < out_of_bag["error"] < 0.2
    assert [row["replicas"] for row in model.history] == [1, 2, 3]
    assert model.history[-1]["out_of_bag.error"] == out_of_bag["error"]
    kept = model.outOfBag().toPandas().sort_values("row_id")
    assert kept["row_id"].tolist() == ids.tolist()
    assert kept["votes"].tolist() == is_out.sum(axis=0).tolist()
    assert np.allclose([p[1] for p in kept["probability"][voted]], mean, atol=1e-9)
    counts = model.inBagCounts(1, rows)
    assert (counts == 0).tolist() == is_out[1].tolist()


def test_probability_is_the_mean_of_replicas_and_a_prediction_is_the_labels_own_value(
    model: BaggingClassificationModel, rows: DataFrame
) -> None:
    scored = model.score(rows, keep=["id", "text"])
    assert scored.columns == ["id", "text", "rawPrediction", "probability", "prediction"]
    assert np.allclose(probabilities(scored)[:, 1], _shares(model, rows).mean(axis=0), atol=1e-9)
    assert scored.where("prediction = text").count() > 0.9 * 400


def test_a_model_comes_back_from_its_directory_and_from_a_pipelines(
    model: BaggingClassificationModel, rows: DataFrame, tmp_path: Path
) -> None:
    wanted = probabilities(model.transform(rows))
    model.save(str(tmp_path / "model"))
    loaded = BaggingClassificationModel.load(str(tmp_path / "model"))
    assert np.array_equal(probabilities(loaded.transform(rows)), wanted)
    assert loaded.outOfBag().count() == 300
    PipelineModel([model]).save(str(tmp_path / "pipeline"))
    pipeline = PipelineModel.load(str(tmp_path / "pipeline"))
    assert np.array_equal(probabilities(pipeline.transform(rows)), wanted)
    with pytest.raises(ModelError, match="need Spark"):
        load_predictor(str(tmp_path / "model"))


def _copied(model: BaggingModel, place: Path) -> Path:
    """A saved model of which the one in memory knows nothing."""
    model.save(str(place / "model"))
    shutil.copytree(place / "model", place / "copy")
    return place / "copy"


def test_a_damaged_replica_is_refused(
    model: BaggingClassificationModel, rows: DataFrame, tmp_path: Path
) -> None:
    copy = _copied(model, tmp_path)
    [damaged] = copy.glob("v*/replica-000001-*/metadata/part-00000")
    damaged.write_text(damaged.read_text().replace("0.01", "0.02"))
    with pytest.raises(ModelError, match="checksum"):
        BaggingClassificationModel.load(str(copy)).transform(rows)


@pytest.mark.parametrize("directory", ["features", "features/stages/*", "replica-000001"])
def test_metadata_that_nobody_lists_is_not_loaded(
    model: BaggingClassificationModel, rows: DataFrame, tmp_path: Path, directory: str
) -> None:
    copy = _copied(model, tmp_path)
    pattern = directory.replace("features", "features-*").replace("000001", "000001-*")
    place = next(copy.glob(f"v*/{pattern}/metadata"))
    (place / "aaa").write_text(json.dumps({"class": "os.path", "uid": "x", "paramMap": {}}))
    with pytest.raises(ModelError, match="aaa: no file of the model"):
        BaggingClassificationModel.load(str(copy)).transform(rows)


@pytest.fixture(scope="module")
def odd(rows: DataFrame) -> DataFrame:
    """Columns whose names Spark ML stumbles over."""
    return rows.select("id", "flag", F.col("a").alias("a.x"), F.col("c").alias("c`y"), "three")


def _regressor(place: Path, **params: Any) -> BaggingRegressor:
    given = {
        "learner": TREE,
        "learner_params": {"maxDepth": 4},
        "featuresCols": ["c`y", "a.x", "flag"],
        "labelCol": "three",
        "rowIdCol": "id",
        "replicas": REPLICAS,
        "max_features": 0.7,
        "combine": "median",
        "spread_col": "spread",
        "checkpoint_dir": place.as_uri(),
        **params,
    }
    return BaggingRegressor(**given)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("checkpoints")


@pytest.fixture(scope="module")
def regression(odd: DataFrame, place: Path) -> BaggingRegressionModel:
    return _regressor(place).fit(odd)


@pytest.mark.slow
def test_a_replica_has_its_own_share_of_the_columns(
    regression: BaggingRegressionModel, odd: DataFrame
) -> None:
    widths = np.array([3, 1, 1])  # categories, a number, a boolean
    sampling = _regressor(Path("/")).sampling_for(is_sharded=True)
    models = [member for _, member in regression._ensemble.models]
    wanted = [widths[columns_of(sampling, 0, each, 3)].sum() for each in range(REPLICAS)]
    assert [member.numFeatures for member in models] == wanted
    scored = regression.transform(odd).select("three", "prediction", "spread").toPandas()
    assert ((scored["three"] - scored["prediction"]) ** 2).mean() < scored["three"].var()
    assert (scored["spread"] > 0).any()


@pytest.mark.slow
def test_a_fit_goes_on_with_replicas_that_are_whole(
    regression: BaggingRegressionModel,
    odd: DataFrame,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    [mark] = place.glob("bagging-*/replica-000001.done")
    mark.unlink()
    trained: list[int] = []
    train = Members.train

    def noted(self: Members, rows: DataFrame, replica: int) -> Any:
        trained.append(replica)
        return train(self, rows, replica)

    monkeypatch.setattr(Members, "train", noted)
    # Votes of each replica in a pass of its own are the same votes.
    monkeypatch.setattr(training, "MEMBERS_AT_ONCE", 1)
    found = _regressor(place).fit(odd.repartition(3))
    assert trained == [1]
    assert found.metadata["data_fingerprint"] == regression.metadata["data_fingerprint"]
    assert [row["replicas"] for row in found.history] == [1, 2, 3]
    for own, other in zip(found.history, regression.history, strict=True):
        assert own["out_of_bag.error"] == pytest.approx(other["out_of_bag.error"], rel=1e-9)


@pytest.mark.slow
def test_training_stops_when_the_error_is_flat(
    regression: BaggingRegressionModel, odd: DataFrame, place: Path
) -> None:
    trainer = _regressor(place, early_stopping=1, early_stopping_tolerance=0.99, out_of_bag="rows")
    stopped = trainer.fit(odd)
    assert stopped.replicas == 2
    assert stopped.history == regression.history[:2]
    assert "out-of-bag-median-2" in directories_in(stopped.natives)
    assert stopped.outOfBag().count() == 400


@pytest.mark.slow
def test_many_replicas_in_one_plan_give_a_warning(
    regression: BaggingRegressionModel,
    odd: DataFrame,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    regression.transform(odd)
    assert not [each for each in caplog.records if each.levelno == logging.WARNING]
    monkeypatch.setattr(scorers, "MOST_IN_A_PLAN", 2)
    regression.transform(odd)
    assert "3 replicas of DecisionTreeRegressor are 3 steps of one Spark plan" in caplog.text


def test_a_replica_that_fails_ends_the_fit_and_leaves_nothing(
    rows: DataFrame, spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[int] = []

    def fails(_members: Members, _rows: DataFrame, replica: int) -> Any:
        started.append(replica)
        raise RuntimeError(f"replica {replica} is broken")

    monkeypatch.setattr(Members, "train", fails)
    before = _persisted(spark)
    trainer = _classifier(replicas=50, parallelism=1, scratchDir=tmp_path.as_uri())
    with pytest.raises(RuntimeError, match="replica 0 is broken"):
        trainer.fit(rows)
    assert len(started) < 50
    assert _persisted(spark) == before
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"placement": "task"}, "placement=task: learner"),
        ({"importance": True}, "importance is not measured"),
        ({"sampling": "bootstrap"}, "sampling=bootstrap needs all rows"),
        ({"stratified": True}, "stratified needs all rows"),
        ({"parallelism": 0}, "parallelism must be 1 or more"),
        ({"learner_params": {"regParam": -1.0}}, "learner LogisticRegression: .*regParam"),
        ({"learner": TREE}, "it is a regressor"),
    ],
)
def test_what_cannot_be_is_refused_before_any_job(
    rows: DataFrame, spark: SparkSession, params: dict[str, Any], sentence: str
) -> None:
    before = _jobs(spark)
    with pytest.raises(UserError, match=sentence):
        _classifier(**params).fit(rows)
    assert _jobs(spark) == before


def test_a_row_id_must_be_there_and_be_unique(rows: DataFrame) -> None:
    with pytest.raises(DataError, match="rowIdCol: id has 400 different values in 800"):
        _classifier().fit(rows.union(rows))
    unknown = rows.withColumn("id", F.when(F.col("id") != 3, F.col("id")))
    with pytest.raises(DataError, match="rowIdCol: id is null in 1 of 400 training rows"):
        _classifier().fit(unknown)


BOOSTING = ("boosting.BoostingClassifier", {"rounds": 4, "max_depth": 3, "eta": 0.5})
DEEP = (
    "deep.DeepClassifier",
    {"hidden": [16], "epochs": 8, "batch_size": 32, "learning_rate": 0.02, "dropout": 0.0},
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("learner", "label"), [(BOOSTING, "text"), (BOOSTING, "three"), (DEEP, "text")]
)
def test_our_own_estimators_are_learners(
    rows: DataFrame, learner: tuple[str, dict[str, Any]], label: str
) -> None:
    name, params = learner
    trainer = _classifier(
        learner=f"pipeline.{name}",
        learner_params=params,
        labelCol=label,
        replicas=2,
        max_features=0.8,
        class_weight="balanced",
    )
    model = trainer.fit(rows)
    right = model.transform(rows).where(f"prediction = {label}").count()
    assert right > 0.7 * 400
    assert model.metrics["out_of_bag"]["error"] < 0.4


@pytest.mark.slow
@pytest.mark.parametrize(
    "learner", ["LinearSVC", "NaiveBayes", "GBTClassifier", "RandomForestClassifier"]
)
def test_other_learners_take_a_vector_column_and_weights(rows: DataFrame, learner: str) -> None:
    vectors = rows.select(
        "id", "text", F.array(F.abs("b") + 0.0, F.coalesce("a", F.lit(0)) + 9.0).alias("v"), "b"
    ).where("b <> 0")
    trainer = _classifier(
        learner=f"pyspark.ml.classification.{learner}",
        learner_params={} if learner == "NaiveBayes" else {"maxIter": 3},
        featuresCol="v",
        featuresCols=None,
        replicas=1,
        group_col="b",
        combine="hard",
    )
    if learner == "RandomForestClassifier":
        trainer = trainer.setParams(learner_params={"numTrees": 3})
    assert trainer.fit(vectors).transform(vectors).where("prediction = text").count() > 100


@pytest.mark.slow
def test_fits_that_share_a_checkpoint_at_the_same_time_use_each_others_replicas(
    rows: DataFrame, tmp_path: Path
) -> None:
    def fit(replicas: int) -> BaggingClassificationModel:
        trainer = _classifier(
            replicas=replicas, checkpoint_dir=tmp_path.as_uri(), out_of_bag="rows"
        )
        return trainer.fit(rows)

    found = sorted(in_threads(fit, [2, 3, 3], 3), key=lambda model: model.replicas)
    few, *many = (directories_in(model.natives) for model in found)
    assert many[0] == many[1]
    assert few.items() - many[0].items() == {("out-of-bag-soft-2", few["out-of-bag-soft-2"])}
    [place] = tmp_path.iterdir()
    assert {item.name for item in place.iterdir() if item.is_dir()} == {
        *few.values(),
        *many[0].values(),
    }
    wanted, other = (probabilities(model.transform(rows)) for model in found[1:])
    assert np.array_equal(wanted, other)


@pytest.mark.slow
def test_an_estimator_of_another_package_is_a_learner_where_it_is_allowed(
    rows: DataFrame, tmp_path: Path
) -> None:
    path = "xgboost.spark.SparkXGBClassifier"
    given = {"learner": path, "learners_allowed": [path], "learner_params": {"n_estimators": 3}}
    _classifier(**given, replicas=2).fit(rows).save(str(tmp_path / "model"))
    loaded = BaggingClassificationModel.load(str(tmp_path / "model"))
    with pytest.raises(UserError, match=f"there is no learner {path}"):
        loaded.transform(rows)
    loaded._set(learners_allowed=[path])
    assert loaded.transform(rows).where("prediction = text").count() > 0.8 * 400


@pytest.mark.slow
def test_cross_validation_chooses_among_ensembles(rows: DataFrame) -> None:
    trainer = _classifier(replicas=1, labelCol="truth_number", out_of_bag="none")
    search = CrossValidator(
        estimator=Pipeline(stages=[trainer]),
        estimatorParamMaps=ParamGridBuilder().addGrid(trainer.replicas, [1, 2]).build(),
        evaluator=MulticlassClassificationEvaluator(labelCol="truth_number"),
        numFolds=2,
        parallelism=2,
    )
    found = search.fit(rows.withColumn("truth_number", F.col("truth").cast("double")))
    assert min(found.avgMetrics) > 0.7

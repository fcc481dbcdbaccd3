"""What all three estimators promise, whichever trains."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyspark.ml.evaluation import BinaryClassificationEvaluator
from pyspark.ml.functions import array_to_vector
from pyspark.ml.linalg import VectorUDT
from pyspark.ml.tuning import CrossValidator, ParamGridBuilder
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql.types import StringType

from pipeline.errors import DataError, ModelError, UserError
from pipeline.estimators.model import EnsembleModel
from pipeline.spark.scratch import LIVES_ON
from tests.estimators.samples import FEATURES, TRAINERS, Trainer, probabilities

ROOT = Path(__file__).resolve().parents[2]
ADDED = ["rawPrediction", "probability", "prediction"]


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scratch")


@pytest.fixture(scope="module")
def model(trainer: Trainer, rows: DataFrame, scratch: Path) -> EnsembleModel:
    estimator = trainer.make(featuresCols=FEATURES, labelCol="text", scratchDir=str(scratch))
    return estimator.fit(rows)


@pytest.fixture(scope="module")
def scored(model: EnsembleModel, rows: DataFrame) -> pd.DataFrame:
    return model.transform(rows).toPandas()


@pytest.fixture(scope="module")
def saved(model: EnsembleModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("saved") / "model"
    model.save(str(path))
    return path


# Params


def test_every_param_is_explained(trainer: Trainer) -> None:
    estimator = trainer.estimator()
    told = estimator.explainParams()
    for param in estimator.params:
        assert param.doc
        assert f"{param.name}: " in told
    assert "default" in told


def test_unknown_params_get_the_nearest_name(trainer: Trainer) -> None:
    with pytest.raises(UserError, match=r"unknown param labelcol; did you mean labelCol\?"):
        trainer.estimator(labelcol="text")
    with pytest.raises(UserError, match=r"unknown param zzz; known: .*featuresCols"):
        trainer.estimator().setParams(zzz=1)
    with pytest.raises(UserError, match=r"Classifier.seed: "):
        trainer.estimator(seed="seven")


def test_bad_values_are_refused_all_at_once_before_any_spark_job(
    trainer: Trainer, rows: DataFrame
) -> None:
    context = rows.sparkSession.sparkContext
    estimator = trainer.estimator(featuresCols=FEATURES, labelCol="text", seed=-1, **trainer.bad)
    context.setJobGroup("refused", "nothing may run in here")
    try:
        with pytest.raises(UserError) as refused:
            estimator.fit(rows)
        with pytest.raises(DataError, match=r"no column aa .*did you mean a\?"):
            trainer.make(featuresCols=["aa", "b"], labelCol="text").fit(rows)
        assert list(context.statusTracker().getJobIdsForGroup("refused")) == []
    finally:
        context.setLocalProperty("spark.jobGroup.id", None)
    for name in (*trainer.bad, "seed"):
        assert f"{name} must be" in str(refused.value)


def test_a_copy_takes_extra_values_and_leaves_the_original(trainer: Trainer) -> None:
    estimator = trainer.make(labelCol="text", seed=3)
    other = estimator.copy({estimator.seed: 5})
    assert (estimator.value("seed"), other.value("seed")) == (3, 5)
    assert other.value("labelCol") == "text"


def test_an_estimator_is_saved_and_loaded(trainer: Trainer, spark: SparkSession, tmp_path) -> None:
    estimator = trainer.make(featuresCols=FEATURES, labelCol="text", seed=11)
    estimator.save(str(tmp_path / "estimator"))
    loaded = trainer.estimator.load(str(tmp_path / "estimator"))
    assert loaded.uid == estimator.uid
    assert {param.name: loaded.value(param.name) for param in loaded.params} == {
        param.name: estimator.value(param.name) for param in estimator.params
    }


# Scoring


def test_fitting_gives_a_model_that_has_learnt_and_says_how(
    trainer: Trainer, model: EnsembleModel, scored: pd.DataFrame, scratch: Path
) -> None:
    assert type(model) is trainer.model
    assert model.classes == ("no", "yes")
    assert model.numClasses == 2
    assert model.metrics["fit_seconds"] > 0
    assert model.metadata["rows"] == {"train": 400, "validation": 0}
    assert model.metadata["params"]["seed"] == 0
    assert {"pyspark", "python", "emr-ensembles"} <= set(model.metadata["versions"])
    assert (scored["prediction"] == scored["text"]).mean() > 0.85
    # Nothing of the fit stays but the files of models that live.
    assert [path.name for path in scratch.iterdir() if not path.name.startswith(LIVES_ON)] == []


def test_probabilities_areprobabilities(scored: pd.DataFrame) -> None:
    probability = np.array([row.toArray() for row in scored["probability"]])
    raw = np.array([row.toArray() for row in scored["rawPrediction"]])
    assert probability.shape == raw.shape == (400, 2)
    assert ((probability >= 0) & (probability <= 1)).all()
    assert np.allclose(probability.sum(axis=1), 1)
    assert np.isfinite(raw).all()
    expected = np.array(["no", "yes"])[probability.argmax(axis=1)]
    assert (scored["prediction"] == expected).all()
    clear = np.abs(raw[:, 0] - raw[:, 1]) > 1e-6
    assert (raw.argmax(axis=1) == probability.argmax(axis=1))[clear].all()


def test_all_other_columns_pass_through(model: EnsembleModel, spark: SparkSession) -> None:
    schema = """
        id long, a double, b int, c string, flag boolean, at timestamp, local timestamp_ntz,
        day date, price decimal(12,3), bytes binary, tags array<string>, more map<string,int>,
        inner struct<x: int, y: string>, none string, `odd name.` float
    """
    when = pd.Timestamp("2013-11-03 01:30:00").to_pydatetime()
    full = (
        *(1, 0.5, 2, "red", True, when, when, when.date(), Decimal("12.345"), b"\x00\xff"),
        *(["u", None], {"k": 1, "l": None}, (1, "z"), None, 1.5),
    )
    empty = (2, *[None] * 14)
    plain = spark.createDataFrame([full, empty], schema)
    vectors = _with_vectors(plain)
    found = model.transform(vectors)
    assert found.columns == [*vectors.columns, *ADDED]
    assert [f.dataType for f in found.schema.fields[:-3]] == [
        f.dataType for f in vectors.schema.fields
    ]
    assert found.schema["rawPrediction"].dataType == VectorUDT()
    assert found.schema["probability"].dataType == VectorUDT()
    assert found.schema["prediction"].dataType == StringType()
    assert found.drop(*ADDED).orderBy("id").collect() == vectors.orderBy("id").collect()


def _with_vectors(plain: DataFrame) -> DataFrame:
    """With a column of vectors, one of them null."""
    make = F.when(F.col("id") == 1, array_to_vector(F.array(F.lit(0.0), F.lit(2.0))))
    return plain.withColumn("vector", make)


def test_nulls_and_unseen_categories_are_scored(model: EnsembleModel, rows: DataFrame) -> None:
    spark = rows.sparkSession
    schema = "id long, a double, b int, c string, flag boolean"
    odd = [(1, None, None, None, None), (2, 0.1, 3, "ultraviolet", True), (3, 0.1, 3, None, True)]
    found = probabilities(model.transform(spark.createDataFrame(odd, schema)))
    assert np.isfinite(found).all()
    assert np.allclose(found[1], found[2])  # unseen is as good as missing
    assert model.transform(rows.limit(0)).count() == 0


def test_a_missing_feature_column_is_one_clear_error(model: EnsembleModel, rows: DataFrame) -> None:
    with pytest.raises(DataError) as missing:
        model.transform(rows.drop("c").withColumnRenamed("flag", "flags"))
    assert "no column c " in str(missing.value)
    assert "no column flag in the table; did you mean flags?" in str(missing.value)


def test_text_where_training_had_numbers_is_a_clear_error(
    model: EnsembleModel, rows: DataFrame
) -> None:
    with pytest.raises(Exception, match="column b holds text; in training it held numbers"):
        model.transform(rows.withColumn("b", F.lit("many"))).collect()


def test_a_column_that_is_there_already_is_refused(model: EnsembleModel, rows: DataFrame) -> None:
    with pytest.raises(DataError, match="column Prediction: the name is needed"):
        model.transform(rows.withColumn("Prediction", F.lit(1)))


def test_scores_come_with_the_columns_that_are_kept(model: EnsembleModel, rows: DataFrame) -> None:
    kept = rows.columns[-1]
    scored = model.score(rows, keep=[kept])
    assert scored.columns == [kept, "rawPrediction", "probability", "prediction"]
    everything = {row["prediction"] for row in model.transform(rows).collect()}
    assert {row["prediction"] for row in scored.collect()} == everything


def test_output_columns_are_renamed_or_left_out(model: EnsembleModel, rows: DataFrame) -> None:
    other = model.copy({model.predictionCol: "guess", model.rawPredictionCol: ""})
    assert other.transform(rows).columns == [*rows.columns, "probability", "guess"]
    other = model.copy().setProbabilityCol("").setRawPredictionCol("")
    assert other.transform(rows).columns == [*rows.columns, "prediction"]
    assert model.transform(rows).columns == [*rows.columns, *ADDED]


# Saved models


def test_a_saved_model_is_loaded_and_predicts_the_same(
    trainer: Trainer, model: EnsembleModel, rows: DataFrame, saved: Path
) -> None:
    loaded = trainer.model.load(str(saved))
    assert loaded.uid == model.uid
    assert loaded.classes == model.classes
    assert loaded.history == model.history
    assert loaded.natives == model.natives
    assert (probabilities(loaded.transform(rows)) == probabilities(model.transform(rows))).all()


def test_the_columns_of_a_model_are_saved_with_it(
    trainer: Trainer, model: EnsembleModel, rows: DataFrame, tmp_path: Path
) -> None:
    renamed = model.copy({model.predictionCol: "guess", model.rawPredictionCol: ""})
    renamed.save(str(tmp_path / "model"))
    loaded = trainer.model.load(f"file://{tmp_path}/model")
    assert loaded.transform(rows).columns == [*rows.columns, "probability", "guess"]


def test_saving_over_a_model_must_be_asked_for(
    trainer: Trainer, model: EnsembleModel, tmp_path: Path
) -> None:
    path = str(tmp_path / "model")
    model.save(path)
    with pytest.raises(UserError, match="a model is there already"):
        model.save(path)
    model.write().overwrite().save(path)
    assert trainer.model.load(path).natives == model.natives
    assert len(list((tmp_path / "model").glob("v0*-*"))) == 1


def test_a_model_of_another_kind_is_refused(trainer: Trainer, saved: Path) -> None:
    other = next(kind for kind in TRAINERS.values() if kind is not trainer)
    with pytest.raises(ModelError, match=f"a model of kind {trainer.model.kind}, not"):
        other.model.load(str(saved))
    with pytest.raises(ModelError, match="no model there"):
        trainer.model.load(str(saved / "nothing"))


_PLAIN_PYTHON = """
import json, sys
sys.modules["pyspark"] = None
sys.modules["py4j"] = None
from pipeline.estimators.predictor import load_predictor
model = load_predictor(sys.argv[1])
records = json.load(sys.stdin)
answer = {
    "classes": model.classes,
    "probability": model.predict_proba(records).tolist(),
    "one": model.predict(records[0]),
}
json.dump(answer, sys.stdout)
"""


def test_a_saved_model_predicts_without_spark(
    model: EnsembleModel, rows: DataFrame, saved: Path
) -> None:
    some = rows.orderBy("id").limit(50)
    records = [{name: row[name] for name in FEATURES} for row in some.collect()]
    done = subprocess.run(
        [sys.executable, "-c", _PLAIN_PYTHON, str(saved)],
        input=json.dumps(records),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["classes"] == ["no", "yes"]
    found = np.array(answer["probability"])
    assert np.abs(found - probabilities(model.transform(some))).max() < 1e-6
    assert answer["one"] == [["no", "yes"][int(found[0].argmax())]]


def test_single_predictions_on_the_driver_take_any_form(
    model: EnsembleModel, rows: DataFrame
) -> None:
    some = rows.select("id", *FEATURES).orderBy("id").limit(20)
    expected = probabilities(model.transform(some))
    assert np.allclose(model.predictor.predict_proba(some.toPandas()), expected, atol=1e-6)
    records = [row.asDict() for row in some.collect()]
    assert np.allclose(model.predictor.predict_proba(records[3]), expected[3:4], atol=1e-6)
    with pytest.raises(DataError, match="record 0: missing c"):
        model.predictor.predict({"a": 1.0, "b": 2, "flag": True})


# Tuning


@pytest.mark.parametrize(
    "kind", ["bagging", "boosting", pytest.param("deep", marks=pytest.mark.slow)]
)
def test_cross_validation_in_parallel(kind: str, rows: DataFrame) -> None:
    """Gangs of parallel fits wait for each other."""
    trainer = TRAINERS[kind]
    name, values = trainer.grid
    numbered = rows.withColumn("label", F.col("truth").cast("int")).limit(200)
    estimator = trainer.make(featuresCols=FEATURES)
    grid = ParamGridBuilder().addGrid(estimator.getParam(name), values).build()
    tuned = CrossValidator(
        estimator=estimator,
        estimatorParamMaps=grid,
        evaluator=BinaryClassificationEvaluator(),
        numFolds=2,
        parallelism=2,
        seed=1,
    ).fit(numbered)
    assert len(tuned.avgMetrics) == 2
    assert max(tuned.avgMetrics) > 0.8
    best: Any = tuned.bestModel
    assert best.metadata["params"][name] == values[int(np.argmax(tuned.avgMetrics))]
    assert tuned.transform(numbered).columns == [*numbered.columns, *ADDED]

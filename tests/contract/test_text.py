"""What the estimators of texts promise, as those of tables do in `test_estimators`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyspark.ml import Pipeline, PipelineModel
from pyspark.ml.linalg import VectorUDT
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from pipeline.errors import DataError, ModelError, UserError
from pipeline.estimators.predictor import load_predictor
from pipeline.spark.scratch import LIVES_ON
from pipeline.transfer import (
    TextClassificationModel,
    TextClassifier,
    TextRegressionModel,
    TextRegressor,
)
from tests.estimators.samples import probabilities
from tests.transfer import tiny_bert

ROOT = Path(__file__).resolve().parents[2]
ADDED = ["rawPrediction", "probability", "prediction"]
QUICK = {
    "textCol": "text",
    "labelCol": "label",
    "rowIdCol": "id",
    "max_length": 12,
    "learning_rate": 5e-3,
    "epochs": 3,
    "batch_size": 16,
    "dropout": 0.0,
}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bert.write(tmp_path_factory.mktemp("checkpoint"))


@pytest.fixture(scope="module")
def rows(spark: SparkSession) -> Iterator[DataFrame]:
    found = tiny_bert.frame(spark, 200).cache()
    yield found
    found.unpersist()


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scratch")


@pytest.fixture(scope="module")
def model(
    rows: DataFrame, scratch: Path, tmp_path_factory: pytest.TempPathFactory
) -> TextClassificationModel:
    """Fitted from a checkpoint that is gone afterwards."""
    gone = tiny_bert.write(tmp_path_factory.mktemp("gone"))
    fitted = TextClassifier(checkpoint=str(gone), scratchDir=str(scratch), **QUICK).fit(rows)
    shutil.rmtree(gone)
    return fitted


@pytest.fixture(scope="module")
def expected(model: TextClassificationModel, rows: DataFrame) -> np.ndarray:
    """Probabilities of all rows, by their ids."""
    return probabilities(model.transform(rows))


@pytest.fixture(scope="module")
def saved(model: TextClassificationModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("saved") / "model"
    model.save(str(path))
    return path


@pytest.mark.parametrize("estimator", [TextClassifier, TextRegressor])
def test_every_param_is_explained_and_unknown_ones_get_the_nearest_name(estimator: Any) -> None:
    made = estimator()
    told = made.explainParams()
    for param in made.params:
        assert param.doc
        assert f"{param.name}: " in told
    assert "default: 5e-05, in from_scratch 0.0003" in told
    with pytest.raises(UserError, match=r"unknown param textcol; did you mean textCol\?"):
        estimator(textcol="text")
    with pytest.raises(UserError, match=r"or\.seed: |er\.seed: "):
        estimator(seed="seven")


def test_bad_values_are_refused_all_at_once_before_any_spark_job(
    rows: DataFrame, checkpoint: Path
) -> None:
    context = rows.sparkSession.sparkContext
    bad = {"strategy": "magic", "max_length": 3, "layer_decay": 0.0, "epochs": 0, "seed": -1}
    context.setJobGroup("refused", "nothing may run in here")
    try:
        with pytest.raises(UserError) as refused:
            TextClassifier(featuresCol="text", pooling="max", **bad).fit(rows)
        with pytest.raises(DataError, match=r"no column txt .*did you mean text\?"):
            TextClassifier(checkpoint=str(checkpoint), **{**QUICK, "textCol": "txt"}).fit(rows)
        with pytest.raises(DataError, match="textCol: id is bigint; it must be string"):
            TextClassifier(checkpoint=str(checkpoint), **{**QUICK, "textCol": "id"}).fit(rows)
        with pytest.raises(DataError, match=r"no column lable .*did you mean label\?"):
            TextClassifier(checkpoint=str(checkpoint), **{**QUICK, "labelCol": "lable"}).fit(rows)
        with pytest.raises(UserError, match="monitor must be one of"):
            TextClassifier(checkpoint=str(checkpoint), monitor="mse", **QUICK).fit(rows)
        assert list(context.statusTracker().getJobIdsForGroup("refused")) == []
    finally:
        context.setLocalProperty("spark.jobGroup.id", None)
    for name in (*bad, "pooling", "textCol", "checkpoint"):
        assert f"{name} must be" in str(refused.value)
    assert "textCol names the text" in str(refused.value)


def test_an_estimator_is_copied_saved_and_loaded(spark: SparkSession, tmp_path: Path) -> None:
    made = TextClassifier(checkpoint="s3://models/minilm", strategy="frozen", seed=3, **QUICK)
    other = made.copy({made.seed: 5})
    assert (made.value("seed"), other.value("seed")) == (3, 5)
    made.save(str(tmp_path / "estimator"))
    loaded = TextClassifier.load(str(tmp_path / "estimator"))
    assert loaded.uid == made.uid
    assert {param.name: loaded.value(param.name) for param in loaded.params} == {
        param.name: made.value(param.name) for param in made.params
    }


def test_fitting_gives_a_model_that_has_learnt_and_says_how(
    model: TextClassificationModel, rows: DataFrame, scratch: Path
) -> None:
    assert type(model) is TextClassificationModel
    assert model.classes == ("bad", "good")
    assert model.metadata["class"] == "pipeline.transfer.classifier.TextClassifier"
    assert model.metadata["rows"] == {"train": 200, "validation": 0}
    assert model.metadata["params"]["strategy"] == model.strategy == "fine_tune"
    assert model.trainedParameters == sum(
        tensor.size for name, tensor in tiny_bert.tensors(0, 0).items() if "pooler" not in name
    ) + (2 * tiny_bert.WIDTH + 2)
    assert model.textCounts["texts"] == 200
    assert len(model.history) == 3
    scored = model.transform(rows).toPandas()
    assert (scored["prediction"] == scored["label"]).mean() > 0.95
    assert [path.name for path in scratch.iterdir() if not path.name.startswith(LIVES_ON)] == []


def test_all_other_columns_pass_through_and_outputs_are_renamed(
    model: TextClassificationModel, rows: DataFrame
) -> None:
    found = model.transform(rows)
    assert found.columns == [*rows.columns, *ADDED]
    assert found.schema["probability"].dataType == VectorUDT()
    assert found.drop(*ADDED).orderBy("id").collect() == rows.orderBy("id").collect()
    other = model.copy({model.predictionCol: "guess", model.rawPredictionCol: ""})
    assert other.transform(rows).columns == [*rows.columns, "probability", "guess"]
    with pytest.raises(DataError, match="column Prediction: the name is needed"):
        model.transform(rows.withColumn("Prediction", F.lit(1)))
    assert model.score(rows, keep=["id"]).columns == ["id", *ADDED]


def test_a_text_column_may_have_another_name_where_texts_are_scored(
    model: TextClassificationModel, rows: DataFrame, expected: np.ndarray
) -> None:
    with pytest.raises(DataError, match=r"no column text "):
        model.transform(rows.withColumnRenamed("text", "review"))
    other = model.copy({model.textCol: "review"})
    renamed = other.transform(rows.withColumnRenamed("text", "review"))
    assert (probabilities(renamed) == expected).all()


def test_null_empty_and_strange_texts_are_scored(
    model: TextClassificationModel, spark: SparkSession
) -> None:
    texts = [(1, None), (2, ""), (3, "日本 🎬"), (4, "good " * 500)]
    found = probabilities(model.transform(spark.createDataFrame(texts, "id long, text string")))
    assert np.isfinite(found).all()
    assert found[0] == pytest.approx(found[1], abs=1e-6)
    with pytest.raises(Exception, match="column text holds int64; it must hold text"):
        model.transform(spark.range(3).withColumn("text", F.col("id"))).collect()


def test_a_saved_model_is_loaded_and_predicts_the_same(
    model: TextClassificationModel, rows: DataFrame, saved: Path, expected: np.ndarray
) -> None:
    loaded = TextClassificationModel.load(str(saved))
    assert loaded.uid == model.uid
    assert loaded.natives == model.natives
    assert (probabilities(loaded.transform(rows)) == expected).all()
    with pytest.raises(UserError, match="a model is there already"):
        model.save(str(saved))
    piped = PipelineModel([loaded])
    piped.write().overwrite().save(str(saved.parent / "pipeline"))
    again = PipelineModel.load(str(saved.parent / "pipeline"))
    assert (probabilities(again.transform(rows)) == expected).all()


_PLAIN_PYTHON = """
import json, sys
sys.modules["pyspark"] = None
sys.modules["py4j"] = None
from pipeline.estimators.predictor import load_predictor
model = load_predictor(sys.argv[1])
records = json.load(sys.stdin)
answer = {
    "classes": model.classes,
    "columns": model.columns,
    "probability": model.predict_proba(records).tolist(),
    "one": model.predict(records[0]),
}
json.dump(answer, sys.stdout)
"""


def test_a_saved_model_predicts_without_spark(
    rows: DataFrame, saved: Path, expected: np.ndarray
) -> None:
    some = rows.orderBy("id").limit(40)
    records = [{"text": row["text"]} for row in some.collect()]
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
    assert answer["classes"] == ["bad", "good"]
    assert answer["columns"] == ["text"]
    found = np.array(answer["probability"])
    assert np.abs(found - expected[:40]).max() < 1e-5
    assert answer["one"] == [["bad", "good"][int(found[0].argmax())]]


def test_single_predictions_on_the_driver_take_any_form(
    model: TextClassificationModel, rows: DataFrame, expected: np.ndarray
) -> None:
    some = rows.select("id", "text").orderBy("id").limit(5).toPandas()
    assert np.allclose(model.predictor.predict_proba(some), expected[:5], atol=1e-5)
    assert model.predictor.predict({"text": "a good film"}) == ["good"]
    with pytest.raises(DataError, match="record 0: missing text"):
        model.predictor.predict({"review": "a good film"})


def test_models_of_other_kinds_are_refused(saved: Path) -> None:
    from pipeline.deep import DeepClassificationModel

    with pytest.raises(ModelError, match="a model of kind text, not deep"):
        DeepClassificationModel.load(str(saved))


def test_a_regressor_of_pairs_predicts_numbers(
    rows: DataFrame, checkpoint: Path, tmp_path: Path
) -> None:
    pairs = rows.withColumn("second", F.concat(F.lit("very "), F.col("text"))).drop("label")
    quick = {**QUICK, "labelCol": "score", "pairCol": "second", "max_length": 24, "epochs": 5}
    piped = Pipeline(stages=[TextRegressor(checkpoint=str(checkpoint), **quick)]).fit(pairs)
    model = piped.stages[0]
    assert type(model) is TextRegressionModel
    scored = model.transform(pairs).toPandas()
    assert np.corrcoef(scored["score"], scored["prediction"])[0, 1] > 0.9
    assert abs(scored["prediction"].mean() - scored["score"].mean()) < 3
    model.save(str(tmp_path / "model"))
    records = scored[["text", "second"]].head(20)
    alone = load_predictor(str(tmp_path / "model")).predict(records)
    assert alone == pytest.approx(scored["prediction"].head(20).tolist(), abs=1e-3)

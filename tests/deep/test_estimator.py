"""Deep networks: early stopping, tables of one kind of column, closeness of results."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812
from sklearn.metrics import accuracy_score, log_loss

from pipeline.deep import (
    DeepClassificationModel,
    DeepClassifier,
    DeepRegressionModel,
    DeepRegressor,
)
from pipeline.errors import UserError
from tests.estimators.samples import FEATURES, frame, ids_of_one_rank, table


def _fit(rows: DataFrame, **params: Any) -> DeepClassificationModel:
    given = {
        "featuresCols": FEATURES,
        "labelCol": "text",
        "hidden": [16],
        "batch_size": 64,
        "epochs": 4,
        "learning_rate": 0.02,
        **params,
    }
    return DeepClassifier(**given).fit(rows)


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    """A third of the labels is noise."""
    data = table(400)
    is_noise = np.random.default_rng(1).random(400) < 0.33
    data["text"] = np.where(is_noise, "no", data["text"])
    return data


@pytest.fixture(scope="module")
def rows(spark: SparkSession, data: pd.DataFrame) -> Iterator[DataFrame]:
    found = frame(spark, data).cache()
    yield found
    found.unpersist()


@pytest.fixture(scope="module")
def stopped(rows: DataFrame) -> DeepClassificationModel:
    """Far too large and too fast, so that it gets worse soon."""
    return _fit(
        rows,
        validationIndicatorCol="later",
        hidden=[64, 32],
        dropout=0.0,
        batch_size=32,
        epochs=40,
        learning_rate=0.05,
        patience=3,
    )


def test_early_stopping_restores_the_best_epoch(
    stopped: DeepClassificationModel, data: pd.DataFrame
) -> None:
    losses = [row["validation.logloss"] for row in stopped.history]
    best = stopped.metrics["best_epoch"]
    assert best == int(np.argmin(losses))
    assert stopped.metrics["epochs"] == len(losses) == best + 1 + 3 < 40
    later = data[data["later"]]
    scores = stopped.predictor.predict_proba(later[FEATURES])
    assert log_loss(later["text"], scores) == pytest.approx(losses[best], abs=1e-4)
    accuracy = accuracy_score(later["text"], stopped.predictor.predict(later[FEATURES]))
    assert accuracy == pytest.approx(stopped.history[best]["validation.accuracy"], abs=1e-6)
    assert losses[-1] > losses[best] + 1e-3


def test_a_network_written_as_onnx_is_scored_by_what_the_file_says(
    stopped: DeepClassificationModel, data: pd.DataFrame, tmp_path: Path
) -> None:
    stopped.saveOnnx(str(tmp_path / "network.onnx"))
    session = onnxruntime.InferenceSession(str(tmp_path / "network.onnx"))
    told = {
        name: json.loads(value)
        for name, value in session.get_modelmeta().custom_metadata_map.items()
    }
    numbers = data[told["numbers"]].to_numpy(np.float32)
    codes = [
        data[name].map({each: at for at, each in enumerate(known, 1)}).fillna(0)
        for name, known in told["codes"].items()
    ]
    inputs = {"numbers": numbers, "codes": np.stack(codes, axis=1).astype(np.float32)}
    found = session.run(["probability"], inputs)[0]
    assert told["classes"] == list(stopped.classes)
    assert found == pytest.approx(stopped.predictor.predict_proba(data[FEATURES]), abs=1e-5)


def test_the_history_has_every_epoch(stopped: DeepClassificationModel) -> None:
    measures = {
        "train.logloss",
        *(f"validation.{name}" for name in ("logloss", "accuracy", "auc")),
        *("learning_rate", "gradient", "gradient.dense0", "gradient.dense1"),
    }
    for place, row in enumerate(stopped.history):
        assert {"epoch", "seconds", *measures} <= set(row)
        assert row["epoch"] == place
        assert all(np.isfinite(row[name]) for name in measures)


def test_results_are_close_whatever_the_partitions(rows: DataFrame) -> None:
    one = _fit(rows.coalesce(1).sortWithinPartitions("id"))
    other = _fit(
        rows.select(*reversed(rows.columns)).orderBy(F.desc("id")).repartition(16, "b", "id")
    )
    assert one.metadata["data_fingerprint"] == other.metadata["data_fingerprint"]
    records = [row.asDict() for row in rows.select(*FEATURES).collect()]
    found = [model.predictor.predict_proba(records) for model in (one, other)]
    assert np.allclose(*found, atol=1e-3)


def test_ranks_whose_processes_have_served_unequally_understand_each_other(rows: DataFrame) -> None:
    _fit(rows, epochs=2, numWorkers=1)  # Spark gives its process to one rank of the next gang
    assert len(_fit(rows, epochs=1, gangStall=60.0).history) == 1


def test_numbers_only_with_a_column_that_is_constant(rows: DataFrame, tmp_path: Path) -> None:
    odd = rows.withColumn("one", F.lit(1.5)).withColumn("none", F.lit(None).cast("double"))
    model = _fit(odd, featuresCols=["a", "one", "none"], epochs=3)
    assert all(np.isfinite(row["train.logloss"]) for row in model.history)
    model.save(str(tmp_path / "model"))
    loaded = DeepClassificationModel.load(str(tmp_path / "model"))
    scored = loaded.transform(odd.withColumn("none", F.col("a"))).toPandas()
    probability = np.array([row.toArray() for row in scored["probability"]])
    assert np.isfinite(probability).all()
    assert np.ptp(probability[:, 0]) > 0.2


def test_categories_only_on_a_gang_of_which_one_worker_has_no_rows(
    spark: SparkSession, tmp_path: Path
) -> None:
    ids = ids_of_one_rank(spark, 3)
    records = [(ids[0], "a", "x", 0), (ids[1], "b", None, 1), (ids[2], "a", "y", 0)]
    few = spark.createDataFrame(records, "id long, c string, d string, y int").cache()
    model = _fit(few, featuresCols=["c", "d"], labelCol="y", rowIdCol="id", epochs=20, dropout=0.0)
    assert all(np.isfinite(row["train.logloss"]) for row in model.history)
    assert model.history[-1]["train.logloss"] < model.history[0]["train.logloss"]
    model.save(str(tmp_path / "model"))
    loaded = DeepClassificationModel.load(str(tmp_path / "model"))
    found = {row.id: row.prediction for row in loaded.transform(few).collect()}
    assert found == {ids[0]: 0.0, ids[1]: 1.0, ids[2]: 0.0}


def test_a_training_that_diverges_is_one_error_that_says_what_to_do(rows: DataFrame) -> None:
    with pytest.raises(UserError, match=r"no column is out of range: lower deep\.learning_rate"):
        _fit(rows, learning_rate=1e38, epochs=2)


def test_numbers_are_predicted_in_their_unit(rows: DataFrame, tmp_path: Path) -> None:
    far = rows.withColumn("value", 1e6 + 5e4 * F.coalesce("a", F.lit(0.0)) + 1e4 * F.col("b"))
    model = DeepRegressor(
        featuresCols=["a", "b"],
        labelCol="value",
        hidden=[32],
        epochs=20,
        batch_size=32,
        learning_rate=0.03,
        dropout=0.0,
        validation_fraction=0.2,
        monitor="mae",
        patience=0,
    ).fit(far)
    model.save(str(tmp_path / "model"))
    loaded = DeepRegressionModel.load(str(tmp_path / "model"))
    scored = loaded.transform(far).toPandas()
    deviation = scored["value"].std()
    assert (scored["prediction"] - scored["value"]).abs().mean() < 0.2 * deviation
    best = model.history[model.bestEpoch]
    assert best["validation.mae"] == min(row["validation.mae"] for row in model.history)
    assert best["validation.mae"] < 0.2 * deviation
    assert "probability" not in scored.columns


def test_a_network_of_ones_own_is_trained_saved_and_loaded(rows: DataFrame, tmp_path: Path) -> None:
    model = _fit(rows, network="tests.deep.own_networks.Wide", epochs=2)
    model.save(str(tmp_path / "model"))
    loaded = DeepClassificationModel.load(str(tmp_path / "model"))
    scored = loaded.transform(rows).select("probability").collect()
    assert all(np.isfinite(row.probability.toArray()).all() for row in scored)


def test_a_layer_of_the_network_is_a_column(
    stopped: DeepClassificationModel, rows: DataFrame, tmp_path: Path
) -> None:
    chosen = stopped.copy().setParams(outputLayer="dense1", layerCol="inner")
    assert "dense1" in chosen.layers
    chosen.save(str(tmp_path / "model"))
    loaded = DeepClassificationModel.load(str(tmp_path / "model"))
    found = {row.id: row.inner for row in loaded.transform(rows).select("id", "inner").collect()}
    assert len(found) == 400
    assert {len(values) for values in found.values()} == {32}
    assert "layer" not in stopped.transform(rows).columns


def test_what_is_no_network_is_refused(rows: DataFrame) -> None:
    with pytest.raises(UserError, match=r"there is no Nowhere in module tests\.deep\.own_networks"):
        _fit(rows, network="tests.deep.own_networks.Nowhere")


_AS_ONE: dict[str, dict[str, Any]] = {
    "sgd": {"optimiser": "sgd", "learning_rate": 0.1, "clip_norm": 0.2, "l1": 0.001},
    "lamb": {"optimiser": "lamb", "accumulate": 2, "weight_decay": 0.01},
    "adam": {"class_weight": "balanced", "label_smoothing": 0.1},
}


@pytest.mark.parametrize(
    "way",
    [
        "lamb",
        pytest.param("sgd", marks=pytest.mark.slow),
        pytest.param("adam", marks=pytest.mark.slow),
    ],
)
def test_a_gang_trains_the_network_of_one_worker(way: str, rows: DataFrame) -> None:
    """On all rows at once and without what each worker does to its own rows."""
    alike = {
        "normalisation": "layer",
        "dropout": 0.0,
        "batch_size": 10_000,
        "epochs": 12,
        **_AS_ONE[way],
    }
    records = [row.asDict() for row in rows.select(*FEATURES).collect()]
    found = [
        _fit(rows, numWorkers=workers, **alike).predictor.predict_proba(records)
        for workers in (1, 2)
    ]
    assert np.ptp(found[0][:, 0]) > 0.05
    assert np.allclose(*found, atol=2e-4)


def test_gradients_in_half_precision_are_nearly_those_in_full(rows: DataFrame) -> None:
    records = [row.asDict() for row in rows.select(*FEATURES).collect()]
    full, half = (
        _fit(rows, compression=kind, dropout=0.0).predictor.predict_proba(records)
        for kind in ("none", "fp16")
    )
    assert not np.array_equal(full, half)
    assert np.abs(full - half).mean() < 0.01


def _ids_of_the_other_rank(spark: SparkSession) -> list[int]:
    placed = spark.range(1_000, 1_100).repartition(2, "id")
    return [row.id for row in placed.where(F.spark_partition_id() == 0).collect()]


def test_a_rank_with_one_row_takes_part_and_its_row_counts(
    spark: SparkSession, caplog: pytest.LogCaptureFixture
) -> None:
    (own,) = ids_of_one_rank(spark, 1)
    others = _ids_of_the_other_rank(spark)
    records = [(own, 5.0, 1)] + [(number, float(number % 4), 0) for number in others]
    few = spark.createDataFrame(records, "id long, x double, y int").cache()
    counts = few.repartition(2, "id").groupBy(F.spark_partition_id()).count().collect()
    assert len(counts) == 2
    given = {
        "featuresCols": ["x"],
        "labelCol": "y",
        "rowIdCol": "id",
        "hidden": [8],
        "batch_size": 8,
        "epochs": 40,
        "learning_rate": 0.05,
        "dropout": 0.0,
    }
    model = DeepClassifier(normalisation="layer", **given).fit(few)
    chance = model.predictor.predict_proba([{"x": 5.0}, {"x": 0.0}, {"x": 3.0}])[:, 1]
    assert chance[0] > 0.5 > chance[1:].max()
    assert "normalisation" not in caplog.text
    # Over a batch of one row there is nothing to normalise by.
    model = DeepClassifier(**{**given, "epochs": 2}).fit(few)
    assert all(np.isfinite(row["train.logloss"]) for row in model.history)
    assert "a worker has only 0 or 1 rows" in caplog.text


def test_a_fit_goes_on_from_its_own_checkpoint_and_from_no_other(
    rows: DataFrame, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    kept = (tmp_path / "kept").as_uri()
    first = _fit(rows, checkpoint_dir=kept, validationIndicatorCol="later")
    again = _fit(rows, checkpoint_dir=kept, validationIndicatorCol="later")
    assert "goes on after epoch 4" in caplog.text
    assert again.history == first.history  # seconds too: nothing was trained again
    assert again.natives == first.natives
    _fit(rows, checkpoint_dir=kept, validationIndicatorCol="later", dropout=0.2, epochs=1)
    assert "training starts at epoch 0: the checkpoint" in caplog.text
    assert "recipe.dropout was 0.1, is 0.2" in caplog.text
    (place,) = [path for path in (tmp_path / "kept").iterdir() if len(list(path.iterdir())) > 2]
    with pytest.raises(UserError, match=r"resume_from: the checkpoint .* is of another fit"):
        _fit(rows, resume_from=place.as_uri(), validationIndicatorCol="later", seed=5)


def test_the_range_of_step_sizes_is_walked_until_the_loss_leaves_all_bounds(
    rows: DataFrame,
) -> None:
    estimator = DeepClassifier(
        featuresCols=FEATURES,
        labelCol="text",
        hidden=[16],
        batch_size=64,
        dropout=0.0,
        optimiser="sgd",
    )
    found = estimator.learningRateRange(rows, low=1e-4, high=1e4, steps=60)
    assert 20 < len(found.rates) == len(found.losses) < 60  # over before the greatest
    assert found.rates[0] == pytest.approx(1e-4)
    assert np.allclose(np.diff(np.log(found.rates)), np.log(1e8) / 59)
    assert min(found.losses) < found.losses[0]
    assert 1e-4 < found.suggestion < 10

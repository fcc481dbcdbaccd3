"""What holds for boosting on Spark: identity of results, early stopping, going on, refusals."""

from __future__ import annotations

import json
import logging
import uuid
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812
from sklearn.metrics import log_loss

from pipeline.boosting import BoostingClassificationModel, BoostingRegressor
from pipeline.errors import DataError, GangNeverFitsError, GangWorkerError, UserError
from tests.boosting.fits import classifier
from tests.estimators.samples import FEATURES, ids_of_one_rank


def test_the_history_has_every_metric_of_every_round(
    stopped: BoostingClassificationModel,
) -> None:
    for place, row in enumerate(stopped.history):
        assert set(row) == {"round", "train.logloss", "validation.logloss"}
        assert row["round"] == place
    assert stopped.metrics["rounds"] == len(stopped.history)
    assert stopped.metrics["workers"] == 2
    assert not stopped.metrics["external_memory"]


def test_early_stopping_keeps_the_best_round(
    stopped: BoostingClassificationModel, data: pd.DataFrame
) -> None:
    losses = [row["validation.logloss"] for row in stopped.history]
    best = stopped.bestIteration
    assert best == int(np.argmin(losses))
    assert len(losses) == best + 1 + 4 < 100
    assert stopped.get_booster().num_boosted_rounds() == best + 1
    later = data[data["later"]]
    scores = stopped.predictor.predict_proba(later[FEATURES])
    assert log_loss(later["text"], scores) == pytest.approx(losses[best], abs=1e-5)


@pytest.mark.parametrize("partitions", [4, pytest.param(16, marks=pytest.mark.slow)])
def test_results_do_not_depend_on_partitions_or_order(
    rows: DataFrame, plain: BoostingClassificationModel, partitions: int
) -> None:
    other = rows.select(*reversed(rows.columns)).orderBy(F.desc("id")).repartition(partitions)
    found = classifier().fit(other)
    assert found.natives == plain.natives
    assert found.history == plain.history
    assert found.metadata["data_fingerprint"] == plain.metadata["data_fingerprint"]


def test_the_users_choice_of_objective_metric_and_seed_counts(
    rows: DataFrame, plain: BoostingClassificationModel
) -> None:
    other = classifier(
        seed=1,
        objective="binary:logitraw",
        eval_metric="auc",
        validation_fraction=0.25,
        early_stopping_rounds=2,
    ).fit(rows)
    assert other.natives != plain.natives
    assert set(other.history[0]) == {"round", "train.auc", "validation.auc"}
    areas = [row["validation.auc"] for row in other.history]
    assert other.bestIteration == int(np.argmax(areas))
    config = json.loads(other.get_booster().save_config())
    assert config["learner"]["objective"]["name"] == "binary:logitraw"
    counts = other.metadata["rows"]  # the held-out share is drawn by the rows' identity
    assert sum(counts.values()) == 700
    assert counts["validation"] / 700 == pytest.approx(0.25, abs=0.06)


FAILS = """
from pathlib import Path

MARK = Path({mark!r})
calls = 0


def steady(predictions, matrix):
    global calls
    calls += 1
    if calls > 3 and MARK.exists():
        MARK.unlink(missing_ok=True)
        raise RuntimeError("as it was told")
    return "steady", float(calls)
"""


@pytest.mark.slow
def test_a_fit_that_failed_goes_on_where_it_stood_to_the_same_model(
    rows: DataFrame,
    plain: BoostingClassificationModel,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With a metric of the user's, of a module that is sent to the executors."""
    caplog.set_level(logging.INFO)
    mark, module = tmp_path / "mark", f"failing_{uuid.uuid4().hex}"
    mark.touch()
    (tmp_path / f"{module}.py").write_text(FAILS.format(mark=str(mark)))
    rows.sparkSession.sparkContext.addPyFile(str(tmp_path / f"{module}.py"))
    estimator = classifier(
        eval_metric=["logloss", f"{module}.steady"], checkpoint_dir=str(tmp_path / "kept")
    )
    with pytest.raises(GangWorkerError, match="RuntimeError: as it was told"):
        estimator.fit(rows)
    found = estimator.fit(rows)
    assert "goes on after round 2" in caplog.text
    assert found.natives == plain.natives
    assert [row["train.logloss"] for row in found.history] == [
        row["train.logloss"] for row in plain.history
    ]
    (kept,) = (tmp_path / "kept").glob("boosting-*")
    named = estimator.copy({estimator.checkpoint_dir: "", estimator.resume_from: str(kept)})
    assert named.fit(rows).natives == plain.natives
    with pytest.raises(UserError, match=r"is of another fit: params\.eta was 0\.1, is 0\.2$"):
        named.copy({named.eta: 0.2}).fit(rows)
    estimator.copy({estimator.eta: 0.2}).fit(rows)
    (line,) = (line for line in caplog.messages if line.startswith("training starts at round 0"))
    assert line.endswith("is of another fit: params.eta was 0.1, is 0.2")


def test_a_fit_goes_on_from_a_saved_model_and_new_categories(
    rows: DataFrame, plain: BoostingClassificationModel, tmp_path: Path
) -> None:
    plain.save(str(tmp_path / "model"))
    newer = rows.withColumn("c", F.when(F.col("id") > 200, "amber").otherwise(F.col("c")))
    estimator = classifier(initial_model=str(tmp_path / "model"), rounds=3)
    found = estimator.fit(newer)
    assert found.bestIteration == 5 + 3 - 1
    assert len(found.history) == 3
    assert found.features.features[2].categories == ("blue", "green", "red", "amber")
    before, after = plain.get_booster().get_dump(), found.get_booster().get_dump()
    assert after[:5] == before
    with pytest.raises(UserError, match="it was trained on other columns"):
        estimator.copy({estimator.featuresCols: ["a", "b"]}).fit(rows)


def test_a_gang_larger_than_the_application_is_refused_before_anything_is_written(
    rows: DataFrame, tmp_path: Path
) -> None:
    with pytest.raises(GangNeverFitsError, match=r"gang of 3 workers .* Set gang.workers \(numW"):
        classifier(numWorkers=3, scratchDir=str(tmp_path / "scratch")).fit(rows)
    assert not (tmp_path / "scratch").exists()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"monotone_constraints": {"aa": 1}}, r"there is no column aa; did you mean a\?"),
        ({"monotone_constraints": {"c": 1}}, "c is a category, which has no order"),
        ({"feature_types": ["q", "q", "q", "q"]}, "c holds text, so it is c, not q"),
        ({"feature_weights": [1, 2]}, "feature_weights has 2 entries, the table 4 columns"),
        ({"baseMarginCol": "c"}, "baseMarginCol: c is string; it must be a number, or a vector"),
    ],
)
def test_params_that_do_not_fit_the_table_are_refused_before_training(
    given: dict[str, object], sentence: str, rows: DataFrame, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=sentence):
        classifier(scratchDir=str(tmp_path / "scratch"), **given).fit(rows)
    assert not (tmp_path / "scratch").exists()


def test_labels_outside_of_an_objectives_domain_are_refused(rows: DataFrame) -> None:
    estimator = BoostingRegressor(featuresCols=["a"], labelCol="b", objective="reg:gamma")
    with pytest.raises(DataError, match="label b goes from -5 to 5; reg:gamma takes labels above"):
        estimator.fit(rows)


def test_a_worker_without_rows_is_no_hindrance(spark: SparkSession) -> None:
    records = [(i, float(place), place % 2) for place, i in enumerate(ids_of_one_rank(spark, 3))]
    few = spark.createDataFrame(records, "id long, a double, y int")
    model = classifier(
        featuresCols=["a"],
        labelCol="y",
        rowIdCol="id",
        min_child_weight=0.0,
        eta=1.0,
        subsample=1.0,
    ).fit(few)
    assert model.metrics["workers"] == 2
    found = model.transform(few).collect()
    assert [row.prediction for row in found] == [row.y for row in found]

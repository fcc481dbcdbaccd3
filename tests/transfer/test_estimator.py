"""Estimators of texts on a cluster: what each strategy makes, and what is refused before it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from pipeline.errors import DataError, ModelError, UserError
from pipeline.transfer import TextClassificationModel, TextClassifier, TextRegressor
from tests.transfer import tiny_bert

QUICK = {
    "textCol": "text",
    "labelCol": "label",
    "rowIdCol": "id",
    "max_length": 12,
    "batch_size": 16,
    "dropout": 0.0,
}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bert.write(tmp_path_factory.mktemp("checkpoint"))


@pytest.fixture(scope="module")
def rows(spark: SparkSession) -> Iterator[DataFrame]:
    found = tiny_bert.frame(spark, 160).cache()
    yield found
    found.unpersist()


def _accuracy(model: TextClassificationModel, rows: DataFrame) -> float:
    scored = model.transform(rows).select("label", "prediction").collect()
    return sum(row["label"] == row["prediction"] for row in scored) / len(scored)


def test_new_layers_are_trained_first_and_then_all(
    rows: DataFrame, checkpoint: Path, caplog: pytest.LogCaptureFixture
) -> None:
    given = {"learning_rate": 5e-3, "epochs": 2, "head_learning_rate": 3e-2, "head_epochs": 2}
    estimator = TextClassifier(
        checkpoint=str(checkpoint),
        strategy="frozen_then_fine_tune",
        validation_fraction=0.25,
        monitor="accuracy",
        class_weight="balanced",
        **{**QUICK, "max_length": 8},
        **given,
    )
    with caplog.at_level(logging.INFO, logger="pipeline"):
        model = estimator.fit(rows)
    assert [row.get("stage") for row in model.history] == [0, 0, None, None]
    assert model.history[0]["learning_rate"] > 2 * model.history[2]["learning_rate"]
    assert model.bestEpoch >= 2
    assert _accuracy(model, rows) > 0.9
    assert model.textCounts["cut_texts"] > 0
    assert "160 texts, " in caplog.text
    assert "longer than 8 tokens" in caplog.text
    assert "text: 4 of 4 epochs" in caplog.text


def test_a_new_layer_on_a_frozen_base(rows: DataFrame, checkpoint: Path) -> None:
    frozen = TextClassifier(
        checkpoint=str(checkpoint),
        strategy="frozen",
        head_learning_rate=3e-2,
        head_epochs=6,
        **QUICK,
    ).fit(rows)
    assert len(frozen.history) == 6
    assert frozen.trainedParameters == 2 * tiny_bert.WIDTH + 2
    assert _accuracy(frozen, rows) > 0.9


def test_without_training_the_nearest_class_is_taken(
    rows: DataFrame, checkpoint: Path, tmp_path: Path
) -> None:
    given = {"good": "good great", "bad": ["poor", "dull"]}
    estimator = TextClassifier(
        checkpoint=str(checkpoint), strategy="as_is", descriptions=given, **QUICK
    )
    model = estimator.fit(rows)
    assert (model.trainedParameters, model.history) == (0, [])
    with pytest.raises(UserError, match="without training"):
        model.bestEpoch  # noqa: B018 - the property is asked
    assert "tokenizers" in model.metadata["versions"]
    assert _accuracy(model, rows) > 0.9
    model.save(str(tmp_path / "model"))
    loaded = TextClassificationModel.load(str(tmp_path / "model"))
    assert loaded.predictor.predict([{"text": "a fine plot"}]) == ["good"]
    with pytest.raises(UserError, match="fair are no classes of label"):
        TextClassifier(
            checkpoint=str(checkpoint), strategy="as_is", descriptions={"fair": "x"}, **QUICK
        ).fit(rows)


def test_without_training_texts_need_no_labels(
    rows: DataFrame, checkpoint: Path, tmp_path: Path
) -> None:
    texts = rows.select("id", "text")
    given = {"good": "good great", "bad": ["poor", "dull"]}
    quick = {**QUICK, "strategy": "as_is"}
    nearest = TextClassifier(checkpoint=str(checkpoint), descriptions=given, **quick).fit(texts)
    assert nearest.classes == ("bad", "good")
    assert _accuracy(nearest, rows) > 0.9
    headed = tiny_bert.write(tmp_path / "headed", labels=("Good", "Bad"))
    own = TextClassifier(checkpoint=str(headed), **quick).fit(texts)
    assert own.classes == ("Bad", "Good")
    assert own.predictor.predict([{"text": "a fine plot"}]) == ["Good"]
    with pytest.raises(DataError, match=r"labelCol: .*no column label"):
        TextClassifier(checkpoint=str(checkpoint), **quick).fit(texts)


def test_without_training_an_own_head_predicts_numbers(rows: DataFrame, tmp_path: Path) -> None:
    one = tiny_bert.write(tmp_path / "one", labels=("stars",), problem_type="regression")
    quick = {**QUICK, "labelCol": "score"}
    model = TextRegressor(checkpoint=str(one), strategy="as_is", **quick).fit(rows)
    found = model.transform(rows).toPandas()
    assert found["prediction"].corr(found["score"]) > 0.8


def test_advice_is_logged_and_followed(
    rows: DataFrame, checkpoint: Path, caplog: pytest.LogCaptureFixture
) -> None:
    estimator = TextClassifier(
        checkpoint=str(checkpoint), strategy="advise", head_learning_rate=3e-2, **QUICK
    )
    advice = estimator.advise(rows)
    assert advice.strategy == "frozen"
    assert (advice.facts.rows, advice.facts.classes, advice.facts.workers) == (160, 2, 2)
    assert advice.facts.unknown == 0
    assert advice.facts.pieces == pytest.approx(1.0)
    with caplog.at_level(logging.WARNING, logger="pipeline"):  # as where no logging is set up
        model = estimator.setParams(head_epochs=2, epochs=5).fit(rows)
    assert model.strategy == "frozen"
    assert model.reasons == advice.reasons
    assert model.metadata["text"]["params"] == {"head_learning_rate": 3e-2, "head_epochs": 2}
    assert str(advice) in caplog.text
    assert "TextClassifier: strategy frozen does not use epochs" in caplog.text


def test_advice_counts_an_own_head_as_training_would(rows: DataFrame, tmp_path: Path) -> None:
    numbered = rows.selectExpr("text", "int(label = 'good') as y").limit(12)
    for name, changed, is_one in (
        ("unnamed", {"labels": ("LABEL_0", "LABEL_1")}, True),
        ("several", {"problem_type": "multi_label_classification"}, False),
    ):
        given = {"labels": ("0", "1"), **changed}
        estimator = TextClassifier(
            checkpoint=str(tiny_bert.write(tmp_path / name, **given)),
            **{**QUICK, "labelCol": "y", "rowIdCol": None},
        )
        assert estimator.advise(numbered).facts.has_own_head is is_one
    many = rows.sparkSession.range(1_100).selectExpr("id", "string(id) as text")
    with pytest.raises(DataError, match="label id has more than 1000 different values"):
        estimator.setParams(labelCol="id").advise(many)


def test_a_head_that_cannot_be_read_hinders_only_who_uses_it(
    rows: DataFrame, tmp_path: Path
) -> None:
    names = {"0": "bad", "1": "fair", "2": "good"}
    made = tiny_bert.write(tmp_path / "odd", labels=("good", "bad"), id2label=names)
    quick = {**QUICK, "checkpoint": str(made)}
    frozen = TextClassifier(strategy="frozen", head_learning_rate=3e-2, head_epochs=6, **quick)
    assert _accuracy(frozen.fit(rows), rows) > 0.9
    with pytest.raises(ModelError, match="id2label needs the keys 0 to 1; or set descriptions"):
        TextClassifier(strategy="as_is", **quick).fit(rows)
    given = {"good": "good great", "bad": ["poor", "dull"]}
    nearest = TextClassifier(strategy="as_is", descriptions=given, **quick).fit(rows)
    assert _accuracy(nearest, rows) > 0.9


@pytest.mark.parametrize(
    ("changed", "given", "message"),
    [
        ({"vocab_size": 20}, {}, r"word_embeddings.weight is \(36, 16\) instead of \(20, 16\)"),
        ({"model_type": "gpt2"}, {}, "of type 'gpt2'"),
        ({"hidden_size": 32}, {}, "of another shape or type: bert.embeddings"),
        ({}, {"max_length": 100}, "max_length must be from 5 to 24, the positions"),
        ({}, {"stride": 9}, "stride must be from 0 to"),
    ],
)
def test_what_cannot_be_used_is_refused_before_any_spark_job(
    changed: dict[str, Any], given: dict[str, Any], message: str, rows: DataFrame, tmp_path: Path
) -> None:
    place = tiny_bert.write(tmp_path / "checkpoint", **changed)
    context = rows.sparkSession.sparkContext
    context.setJobGroup("unfit", "nothing may run in here")
    try:
        with pytest.raises((ModelError, UserError), match=message):
            TextClassifier(checkpoint=str(place), **{**QUICK, **given}).fit(rows)
        assert list(context.statusTracker().getJobIdsForGroup("unfit")) == []
    finally:
        context.setLocalProperty("spark.jobGroup.id", None)

"""Texts as vectors: features of learners, beside those of a table."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import mxnet as mx
import numpy as np
import pytest
from pyspark.ml import Pipeline, PipelineModel
from pyspark.ml.feature import VectorAssembler
from pyspark.sql import SparkSession
from pyspark.sql import functions as F  # noqa: N812

from pipeline.boosting import BoostingClassifier
from pipeline.errors import DataError, UserError
from pipeline.transfer import TextEmbedder, checkpoints
from pipeline.transfer.text_base import loaded_base
from pipeline.transfer.tokenising import Tokeniser
from tests.transfer import tiny_bert

LENGTH = 12


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return tiny_bert.write(tmp_path / "checkpoint")


def test_vectors_are_those_of_the_encoder_in_the_rows_order(
    spark: SparkSession, checkpoint: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = tiny_bert.frame(spark, 40).drop("score")
    embedder = TextEmbedder(textCol="text", checkpoint=str(checkpoint), max_length=LENGTH)
    scored = embedder.transform(rows)
    assert scored.columns == ["id", "text", "label", "embedding"]
    found = scored.orderBy("id").collect()
    texts = [row["text"] for row in found]
    base = loaded_base(checkpoints.read(checkpoint), "mean", has_windows=False)
    tokens = Tokeniser.load(str(checkpoint), LENGTH).encode(texts).rows
    expected = base(mx.nd.array(tokens[:, None])).asnumpy()
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    vectors = np.array([row["embedding"].toArray() for row in found])
    assert vectors == pytest.approx(expected, abs=1e-5)
    with pytest.raises(DataError, match="column embedding: the name is needed"):
        embedder.transform(scored)
    # To put rows in order Spark looks at them twice.
    assert (embedder.counts.texts, embedder.counts.cut_texts) == (80, 0)
    with caplog.at_level(logging.INFO, logger="pipeline"):
        embedder.log_counts()
    assert "text: 80 texts, " in caplog.text
    for lacking in ({"checkpoint": str(checkpoint)}, {"textCol": "text"}):
        with pytest.raises(UserError, match=r"TextEmbedder: (textCol|checkpoint) must be set"):
            TextEmbedder(**lacking).transform(rows)
    with pytest.raises(UserError, match="pooling must be one of"):
        TextEmbedder(textCol="text", checkpoint=str(checkpoint), pooling="max").transform(rows)


def test_the_second_text_of_a_pair_has_a_type_of_its_own(
    spark: SparkSession, checkpoint: Path
) -> None:
    pairs = spark.createDataFrame([("a good film", "a dull plot")], "text string, second string")
    embedder = TextEmbedder(
        textCol="text",
        pairCol="second",
        checkpoint=str(checkpoint),
        max_length=LENGTH,
        normalise=False,
    )
    found = embedder.transform(pairs).collect()[0]["embedding"].toArray()
    tokens = Tokeniser.load(str(checkpoint), LENGTH).encode(["a good film"], ["a dull plot"]).rows
    assert (tokens[0][~np.isnan(tokens[0])] % 2).tolist() == [0] * 5 + [1] * 4
    base = loaded_base(checkpoints.read(checkpoint), "mean", has_windows=False)
    with_types, without = (
        base(mx.nd.array(each[:, None])).asnumpy()[0] for each in (tokens, tokens // 2 * 2)
    )
    assert found == pytest.approx(with_types, abs=1e-5)
    assert np.abs(found - without).max() > 1e-3


def test_text_and_table_in_one_pipeline_that_is_saved_whole(
    spark: SparkSession, checkpoint: Path, tmp_path: Path
) -> None:
    """The label needs both: a text's class, and a number's sign."""
    rows = tiny_bert.frame(spark, 200).withColumn("x", F.hash("id") % 7)
    both = rows.withColumn("y", ((F.col("label") == "good") & (F.col("x") > 0)).cast("int"))
    stages = [
        TextEmbedder(textCol="text", checkpoint=str(checkpoint), max_length=LENGTH),
        VectorAssembler(inputCols=["embedding", "x"], outputCol="features"),
        BoostingClassifier(featuresCol="features", labelCol="y", rowIdCol="id", rounds=10),
    ]
    model = Pipeline(stages=stages).fit(both)
    scored = model.transform(both).orderBy("id").select("y", "prediction").collect()
    assert np.mean([row["y"] == row["prediction"] for row in scored]) > 0.95
    model.save(str(tmp_path / "model"))
    shutil.rmtree(checkpoint)
    again = PipelineModel.load(str(tmp_path / "model")).transform(both)
    assert again.orderBy("id").select("y", "prediction").collect() == scored

"""A column of texts as tokens, in Spark's tasks and pipelines."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import numpy as np
import pytest
from pyspark.ml import Pipeline, PipelineModel
from pyspark.ml.feature import VectorAssembler
from pyspark.sql import DataFrame, Row, SparkSession

from pipeline import files
from pipeline.errors import DataError, StoreError, UserError
from pipeline.transfer.text_counts import TextCounts
from pipeline.transfer.text_tokeniser import TextTokeniser
from pipeline.transfer.tokenising import Tokeniser
from tests.transfer.small_checkpoints import bert

TEXTS = ["the film was good", None, "a b c d a b c d a b c d", "", "Café. 日本"]
PAIRS = ["very good", "b", None, None, "d"]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bert(tmp_path_factory.mktemp("checkpoint"))


@pytest.fixture(scope="module")
def frame(spark: SparkSession) -> DataFrame:
    rows = [(at, text, pair) for at, (text, pair) in enumerate(zip(TEXTS, PAIRS, strict=True))]
    return spark.createDataFrame(rows, "id int, `a.text` string, `second` string").cache()


def _rows(frame: DataFrame, name: str = "features") -> np.ndarray:
    return np.array([row[name] for row in _ordered(frame)], dtype=np.float32)


def _ordered(frame: DataFrame) -> list[Row]:
    return sorted(frame.collect(), key=lambda row: row.id)


def test_tasks_tokenise_as_the_driver_does(frame: DataFrame, checkpoint: Path) -> None:
    for pair, seconds in ((None, None), ("second", PAIRS)):
        tokeniser = TextTokeniser(
            textCol="a.text", pairCol=pair, checkpoint=str(checkpoint), maxLength=8, windows=2
        )
        alone = Tokeniser.load(str(checkpoint), 8, 2)
        found = _rows(tokeniser.transform(frame))
        assert np.array_equal(found, alone.encode(TEXTS, seconds).rows, equal_nan=True)
        assert tokeniser.tokeniser.digest == alone.digest


def test_padding_is_nan_and_never_null(frame: DataFrame, checkpoint: Path) -> None:
    tokens = TextTokeniser(textCol="a.text", checkpoint=str(checkpoint), maxLength=8)
    numbers = [number for row in tokens.transform(frame).collect() for number in row.features]
    assert None not in numbers
    assert any(np.isnan(numbers))


def test_other_columns_pass_through(frame: DataFrame, checkpoint: Path) -> None:
    vectors = VectorAssembler(inputCols=["id"], outputCol="vector").transform(frame)
    tokeniser = TextTokeniser(
        textCol="a.text", checkpoint=str(checkpoint), maxLength=8, outputCol="tokens"
    )
    made = tokeniser.transform(vectors)
    assert made.columns == ["id", "a.text", "second", "vector", "tokens"]
    rows = _ordered(made)
    assert [row["a.text"] for row in rows] == TEXTS
    assert [row.vector[0] for row in rows] == [0, 1, 2, 3, 4]


def test_what_was_cut_is_counted_and_told(
    frame: DataFrame, checkpoint: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tokeniser = TextTokeniser(textCol="a.text", checkpoint=str(checkpoint), maxLength=8)
    assert tokeniser.counts == TextCounts()
    wanted = Tokeniser.load(str(checkpoint), 8).encode(TEXTS).counts
    made = tokeniser.transform(frame)
    made.collect()
    assert tokeniser.counts == wanted
    assert (wanted.cut_texts, wanted.nulls) == (1, 1)
    with caplog.at_level(logging.INFO, "pipeline"):
        counts = tokeniser.count(frame.where("id < 3").limit(9))
    assert (counts.texts, counts.cut_texts, counts.cut_tokens) == (3, 1, 6)
    (line,) = [each for each in caplog.messages if each.startswith("a.text: ")]
    assert "3 texts, 33.3 % longer than 8 tokens" in line
    assert "max_length 16 would hold 99 % of the texts; 1 were null" in line


def test_a_saved_pipeline_needs_the_checkpoint_no_more(frame: DataFrame, tmp_path: Path) -> None:
    checkpoint = bert(tmp_path / "checkpoint")
    tokeniser = TextTokeniser(textCol="a.text", checkpoint=str(checkpoint), maxLength=8, stride=1)
    fitted = Pipeline(stages=[tokeniser]).fit(frame)
    wanted = _rows(fitted.transform(frame))
    fitted.write().save(str(tmp_path / "saved"))
    shutil.rmtree(checkpoint)
    loaded = PipelineModel.load(str(tmp_path / "saved"))
    assert np.array_equal(_rows(loaded.transform(frame)), wanted, equal_nan=True)
    stage = loaded.stages[0]
    assert (stage.uid, stage.value("maxLength"), stage.value("stride")) == (tokeniser.uid, 8, 1)


def test_saving_replaces_only_when_told(frame: DataFrame, checkpoint: Path, tmp_path: Path) -> None:
    place = str(tmp_path / "saved")
    TextTokeniser(textCol="a.text", checkpoint=str(checkpoint), maxLength=8).save(place)
    loaded = TextTokeniser.load(place)
    with pytest.raises(UserError, match=r"something is there already; write.*overwrite.* replaces"):
        loaded.save(place)
    loaded.setParams(maxLength=16).write().overwrite().save(place)  # over its own files
    again = TextTokeniser.load(place)
    assert again.tokeniser.shape.max_length == 16
    assert _rows(again.transform(frame)).shape == (len(TEXTS), 16)
    assert _rows(loaded.transform(frame)).shape == (len(TEXTS), 16)  # it reads the same files


def test_what_is_overwritten_is_whole_until_all_else_is_there(
    frame: DataFrame, checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = str(tmp_path / "saved")
    TextTokeniser(textCol="a.text", checkpoint=str(checkpoint), maxLength=8).save(place)
    wanted = _rows(TextTokeniser.load(place).transform(frame))
    other = bert(tmp_path / "other", do_lower_case=False)
    second = TextTokeniser(textCol="a.text", checkpoint=str(other), maxLength=8)
    write = files.write_bytes

    def stops(uri: str, content: bytes) -> None:
        if uri.endswith("tokenizer_config.json"):
            raise StoreError("the disk is full")
        write(uri, content)

    with monkeypatch.context() as patched:
        patched.setattr(files, "write_bytes", stops)
        with pytest.raises(StoreError, match="the disk is full"):
            second.write().overwrite().save(place)
    assert np.array_equal(_rows(TextTokeniser.load(place).transform(frame)), wanted, equal_nan=True)
    second.write().overwrite().save(place)
    assert not np.array_equal(
        _rows(TextTokeniser.load(place).transform(frame)), wanted, equal_nan=True
    )
    assert len(list((tmp_path / "saved").iterdir())) == 2


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"textCol": "id"}, "textCol: id is int; it must be string"),
        ({"textCol": "a.text", "pairCol": "id"}, "pairCol: id is int; it must be string"),
        ({"textCol": "a.txt"}, "textCol: no column a.txt in the table; did you mean a.text?"),
        ({"textCol": "a.text", "outputCol": "ID"}, "column id: the name is needed by"),
        ({}, "TextTokeniser: textCol must be set"),
        ({"textCol": "a.text", "maxLength": 99}, "max_length must be from 5 to 64"),
        ({"textCol": "a.text", "windows": 0}, "TextTokeniser: windows must be 1 or more, not 0"),
        ({"textCol": "a.text", "checkpoint": "/nowhere"}, "/nowhere: no config.json"),
    ],
)
def test_what_cannot_be_tokenised_is_refused_before_any_job(
    frame: DataFrame, checkpoint: Path, params: dict[str, object], message: str
) -> None:
    tokeniser = TextTokeniser(**{"checkpoint": str(checkpoint), **params})
    with pytest.raises((DataError, UserError), match=message):
        tokeniser.transform(frame)


def test_a_checkpoint_must_be_named(frame: DataFrame) -> None:
    with pytest.raises(UserError, match="checkpoint must be set: a checkpoint's directory or URI"):
        TextTokeniser(textCol="a.text").transform(frame)
    with pytest.raises(UserError, match="unknown param max_length; did you mean maxLength"):
        TextTokeniser(max_length=3)


def test_tasks_start_no_more_threads_than_they_have_cores(
    frame: DataFrame, checkpoint: Path
) -> None:
    def seen(_batches: object) -> object:
        import os

        import pyarrow as pa

        for _ in _batches:  # type: ignore[attr-defined]
            yield pa.RecordBatch.from_pydict({"said": [os.environ.get("TOKENIZERS_PARALLELISM")]})

    tokeniser = TextTokeniser(textCol="a.text", checkpoint=str(checkpoint), maxLength=8)
    tokeniser.transform(frame).collect()
    said = {row.said for row in frame.select("id").mapInArrow(seen, "said string").collect()}
    assert said <= {"false", None}
    assert "false" in said

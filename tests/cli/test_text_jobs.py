"""The jobs on a table with a column of text: a network from a checkpoint, beside other trainers."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from pipeline.store import model_directory
from tests.cli.jobs_in_process import Workshop
from tests.small_tables import made, parquet
from tests.transfer import tiny_bert

pytestmark = pytest.mark.usefixtures("spark")

QUICK = {"max_length": 8, "batch_size": 16, "head_learning_rate": 3e-2, "head_epochs": 6}


def _workshop(place: Path, columns: dict[str, Any], **text: Any) -> Workshop:
    """A table of films: `review` is the text, `good` the label, `cost` and `stars` are numbers."""
    told = tiny_bert.sentences(160)
    table = {
        "review": [None if row < 4 else text for row, text, _, _ in told],
        "stars": [score for _, _, _, score in told],
        "cost": [float(row % 9) for row, *_ in told],
        "good": [label for _, _, label, _ in told],
    }
    parquet(pa.table(table))(place)
    checkpoint = str(tiny_bert.write(place / "checkpoint"))
    return made(
        place,
        {
            "columns": {"label": "good", "text": "review", **columns},
            "text": {"checkpoint": checkpoint, **QUICK, **text},
            "bagging": {"replicas": 2},
        },
    )


def _done(workshop: Workshop, *jobs: str) -> list[str]:
    """What jobs warned of."""
    warnings = []
    for job in jobs:
        ended = workshop.run(job)
        assert ended.code == 0, ended.said
        warnings += ended.warnings
    return warnings


def test_a_checkpoint_is_trained_scored_and_reported_beside_features(tmp_path: Path) -> None:
    workshop = _workshop(tmp_path, {"drop": ["stars"]}, strategy="frozen")
    _done(workshop, "prepare", "bag", "deep", "report")
    ended = workshop.run("score", "--model", "deep")
    assert ended.code == 0, ended.said
    out = tmp_path / "out"
    metadata, natives = model_directory.open_stored((out / "models/deep").as_uri())
    assert (metadata["kind"], metadata["text"]["strategy"]) == ("text", "frozen")
    assert 1 <= metadata["text"]["counts"]["nulls"] <= 4
    assert metadata["inputs"]["text"]["head_epochs"] == 6
    assert {"tokeniser/config.json", "tokeniser/vocab.txt"} <= set(natives)
    bagged, _ = model_directory.open_stored((out / "models/bagging").as_uri())
    assert [each["name"] for each in bagged["features"]["features"]] == ["cost"]
    assert not list((out / "checkpoints").glob("*"))
    assert not list((tmp_path / "scratch").glob("*"))
    report = json.loads((out / "report/report.json").read_text())["models"]
    assert report["deep"]["test"]["accuracy"] > 0.8 > report["bagging"]["test"]["accuracy"]
    assert (report["deep"]["features"], report["bagging"]["features"]) == (1, 1)
    (scores,) = (out / "scores/deep").glob("v*/")
    assert {"review", "cost", "prediction", "probability"} <= set(
        pq.read_table(scores).column_names
    )
    _require_csv_scored(workshop)


def _require_csv_scored(workshop: Workshop) -> None:
    """Texts as they come: with commas, quotes and line ends, and one that is missing."""
    texts = ["a fine, great film", 'a "poor" plot', "dull\nscene", ""]
    with (workshop.place / "new.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["id", "review"], *enumerate(texts)])
    place = workshop.place / "scored"
    given = ["--model", "deep", "--input", str(workshop.place / "new.csv"), "--format", "csv"]
    own = ["--set", "source.kind=csv", "--set", "source.options={multiLine: true, escape: '\"'}"]
    ended = workshop.run("score", *given, *own, "--output", str(place))
    assert ended.code == 0, ended.said
    found = {row["id"]: row for row in pq.read_table(place).to_pylist()}
    assert [found[str(row)]["prediction"] for row in range(3)] == ["good", "bad", "bad"]
    assert found["2"]["review"] == texts[2]
    assert found["3"]["review"] is None
    with (workshop.place / "new.csv").open("w") as file:
        file.write("id,rewiev\n1,x\n")
    ended = workshop.run("score", *given, "--output", str(place))
    assert ended.code == 2
    assert "no column review in the table; did you mean rewiev?" in ended.error


def test_a_table_of_texts_alone_is_for_the_job_of_networks(
    tmp_path: Path, spark: SparkSession
) -> None:
    workshop = _workshop(tmp_path, {"drop": ["stars", "cost"]}, strategy="advise")
    _done(workshop, "prepare")
    context = spark.sparkContext
    context.setJobGroup("refused", "nothing may run in here")
    try:
        for job, name in (("bag", "bagging"), ("boost", "boosting")):
            ended = workshop.run(job)
            assert ended.code == 2
            assert f"text and no features, and {name} learns from features alone" in ended.error
            assert f"leave {job} out" in ended.error
        ended = workshop.run("deep", "--set", "text=null")
        assert ended.code == 2
        assert "for a network on the text set text.checkpoint" in ended.error
        assert list(context.statusTracker().getJobIdsForGroup("refused")) == []
    finally:
        context.setLocalProperty("spark.jobGroup.id", None)
    warnings = _done(workshop, "deep")
    assert any("strategy frozen: There are" in warning for warning in warnings)

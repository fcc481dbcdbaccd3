"""Scoring a frame as part of a job."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
from pyspark import Broadcast
from pyspark.sql import SparkSession

from pipeline.estimators import scoring
from pipeline.progress import Step, reporting
from pipeline.spark.job_progress import job_progress
from tests.estimators.samples import FEATURES, TRAINERS, frame, table


def test_rows_that_are_scored_are_counted(spark: SparkSession) -> None:
    rows = frame(spark, table(200)).repartition(4)
    trainer = TRAINERS["bagging"].make(
        featuresCols=FEATURES, labelCol="text", rowIdCol="id", replicas=1
    )
    model = trainer.fit(rows)
    steps: list[Step] = []
    with reporting(steps.append), job_progress(spark, "scoring with bagging"):
        model.transform(rows).write.format("noop").mode("overwrite").save()
    assert steps[-1].number == steps[-1].total
    assert steps[-1].metrics == {"rows": 200}


def test_a_process_keeps_the_model_and_not_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sent").write_bytes(pickle.dumps(({"kind": "deep"}, {"file": b"content"}, ())))
    sent: Any = Broadcast(path=str(tmp_path / "sent"))  # as in a task
    opened: list[Any] = []
    monkeypatch.setattr(scoring, "make_predictor", lambda *given, **_: opened.append(given))
    scoring._opened("a model of this test", sent)
    assert opened == [({"kind": "deep"}, {"file": b"content"})]
    assert not hasattr(sent, "_value")
    del scoring._models["a model of this test"]

"""The jobs with other learners than trees, from one YAML."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline.store import model_directory
from tests.small_tables import made, parquet, table

pytestmark = pytest.mark.slow

LEARNERS: dict[str, dict[str, Any]] = {
    "scikit-learn": {
        "learner": "sklearn.linear_model.LogisticRegression",
        "learner_params": {"C": 2.0},
        "class_weight": "balanced",
        "importance": True,
    },
    "network": {
        "learner": "network",
        "learner_params": {"epochs": 2, "hidden": [4], "batch_size": 16},
        "combine": "hard",
    },
    "gang": {"placement": "gang", "max_depth": 2, "out_of_bag": "rows", "group_col": "zone"},
    "spark": {"learner": "pyspark.ml.classification.DecisionTreeClassifier"},
}


@pytest.mark.usefixtures("spark")
@pytest.mark.parametrize("name", list(LEARNERS))
def test_jobs_train_score_and_report(name: str, tmp_path: Path) -> None:
    parquet(table(120))(tmp_path)
    workshop = made(tmp_path, {"bagging": {"replicas": 4, **LEARNERS[name]}})
    for job in ("prepare", "bag", "score", "report"):
        ended = workshop.run(job)
        assert ended.code == 0, ended.said
    metadata, _ = model_directory.open_stored((tmp_path / "out/models/bagging").as_uri())
    assert metadata["metrics"]["replicas"] == 4
    assert not list((tmp_path / "out/checkpoints").glob("*"))
    assert not list((tmp_path / "scratch").glob("*"))
    assert "report.html" in "".join(workshop.files())
    output = tmp_path / "scored"
    given = ("--model", "bagging", "--input", str(tmp_path / "table"), "--output", str(output))
    ended = workshop.run("score", *given)
    assert ended.code == 0, ended.said
    assert {"prediction", "probability"} <= set(pq.read_table(output).column_names)

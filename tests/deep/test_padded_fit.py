"""Networks of a user's own for padded rows, trained by a gang and scored by Spark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from pipeline.bagging import BaggingClassifier
from pipeline.deep import DeepClassificationModel, DeepClassifier
from pipeline.errors import UserError
from tests.deep.padded_networks import rows_of_tokens

PATH = "tests.deep.padded_networks"
GIVEN = {"featuresCol": "tokens", "labelCol": "has_7", "rowIdCol": "id"}


@pytest.fixture(scope="module")
def rows(spark: SparkSession) -> Iterator[DataFrame]:
    numbers, labels = rows_of_tokens(300, seed=0)
    records = [
        (place, row.tolist(), int(label))
        for place, (row, label) in enumerate(zip(numbers, labels, strict=True))
    ]
    found = spark.createDataFrame(records, "id long, tokens array<float>, has_7 int").cache()
    yield found
    found.unpersist()


def _fit(rows: DataFrame, kind: str = "Words", **params: Any) -> DeepClassificationModel:
    given = {
        "network": f"{PATH}.{kind}",
        "learning_rate": 0.05,
        "batch_size": 32,
        "epochs": 3,
        "validation_fraction": 0.2,
        **params,
    }
    return DeepClassifier(**GIVEN, **given).fit(rows)


def _untimed(model: DeepClassificationModel) -> list[dict[str, Any]]:
    return [{name: row[name] for name in row if name != "seconds"} for row in model.history]


def test_a_gang_trains_saves_and_scores_it(rows: DataFrame, tmp_path: Path) -> None:
    model = _fit(rows, epochs=12)
    model.save(str(tmp_path / "model"))
    loaded = DeepClassificationModel.load(str(tmp_path / "model"))
    scored = loaded.transform(rows.repartition(3)).orderBy("id").toPandas()
    alone = model.predictor.predict_proba(scored[["tokens"]].to_dict("records"))
    probability = np.array([row.toArray() for row in scored["probability"]])
    assert probability == pytest.approx(alone, abs=1e-5)
    assert (scored["prediction"] == scored["has_7"]).mean() > 0.85


def test_the_first_weights_are_those_of_rank_0(rows: DataFrame) -> None:
    own, other = (_fit(rows, kind) for kind in ("Words", "WordsOfRankZero"))
    assert _untimed(own) == _untimed(other)


def test_other_options_are_another_fit(
    rows: DataFrame, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    kept = (tmp_path / "kept").as_uri()
    for sha in ("one", "other"):
        _fit(rows, epochs=1, checkpoint_dir=kept, network_options={"sha256": sha})
    assert "recipe.network_options.sha256 was one, is other" in caplog.text


def test_many_of_them_are_an_ensemble(rows: DataFrame) -> None:
    network = {"network": f"{PATH}.Words", "learning_rate": 0.05, "batch_size": 32, "epochs": 6}
    model = BaggingClassifier(**GIVEN, learner="network", learner_params=network, replicas=2).fit(
        rows
    )
    scored = model.transform(rows).where(F.col("prediction") == F.col("has_7"))
    assert scored.count() > 0.75 * 300


def test_rows_of_another_width_are_told(rows: DataFrame) -> None:
    with pytest.raises(UserError, match="its rows are padded to 32 numbers"):
        _fit(rows.withColumn("tokens", F.slice("tokens", 1, 30)))

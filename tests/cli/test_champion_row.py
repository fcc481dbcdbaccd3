"""The champion on real Spark: in the report beside the trained models, promoted, and scoring."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from pipeline.cli.main import main
from pipeline.estimators.predictor import load_predictor
from pipeline.store.model_directory import read_metadata
from tests.cli.jobs_in_process import Workshop

ROWS = 240
ROW = "champion (bagging)"


def customers(rows: int = ROWS, shift: int = 0, /, **more: Any) -> pa.Table:
    """A table whose label one column tells, but for every ninth row."""
    data: dict[str, Any] = {
        "customer": [i + shift for i in range(rows)],
        "x": [float((i * 7 + shift) % 11) for i in range(rows)],
        "zone": [f"0{i % 4}" for i in range(rows)],
        **more,
    }
    data["y"] = [int((x > 5) != (i % 9 == 0)) for i, x in enumerate(data["x"])]
    return pa.table({name: values for name, values in data.items() if values is not None})


class Shop(Workshop):
    """A workshop whose outputs are one per date, with one registry beside them."""

    def day(self, date: str, table: pa.Table, *more: str) -> list[str]:
        """Put a date's table where the source is; returns the date's overrides."""
        pq.write_table(table, self.place / "table")
        return ["--set", f"output={self.place / date}", *more]

    def ends(self, job: str, *arguments: str) -> list[str]:
        """Run a job that must succeed; returns its warnings."""
        ended = self.run(job, *arguments)
        assert ended.code == 0, ended.said
        return ended.warnings

    def report(self, date: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.place / date / "report/report.json").read_text())
        return found

    def promote(self, *arguments: str) -> int:
        return main(["models", "promote", "--config", str(self.file), *arguments])


@pytest.fixture(scope="module")
def shop(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A weak champion, of the first date; on the second a better model was trained."""
    place = tmp_path_factory.mktemp("shop")
    config = {
        "source": {"kind": "parquet", "uri": str(place / "table")},
        "columns": {"label": "y", "key": ["customer"]},
        "seed": 3,
        "bagging": {"replicas": 2, "max_depth": 3},
        "promotion": {"registry": str(place / "champions"), "margin": 0.05},
    }
    shop = Shop(place, config)
    blind = shop.day("monday", customers(x=[float(i % 5) for i in range(ROWS)]))
    for job in ("prepare", "bag", "report"):
        shop.ends(job, *blind)
    assert shop.promote(*blind) == 0
    tuesday = shop.day("tuesday", customers(ROWS, 10_000))
    for job in ("prepare", "bag", "report"):
        shop.ends(job, *tuesday)
    return shop


def test_before_the_first_promotion_a_report_has_no_champion(shop: Shop) -> None:
    found = shop.report("monday")
    assert set(found["models"]) == {"bagging"}
    assert found["champion"] is None


def test_the_champion_has_a_row_of_its_own_on_the_same_test_rows(shop: Shop) -> None:
    found = shop.report("tuesday")
    assert set(found["models"]) == {"bagging", ROW}
    champion, model = found["models"][ROW], found["models"]["bagging"]
    assert champion["test"]["rows"] == model["test"]["rows"] > 20
    assert champion["test"]["auc"] != model["test"]["auc"]
    assert "train" not in champion
    assert found["champion"]["row"] == ROW
    assert found["champion"]["number"] == 1
    assert found["best"]["by_test_auc"] == "bagging"
    assert found["notes"] == []
    assert found["context"]["run"]
    assert ROW in (shop.place / "tuesday/report/report.html").read_text()


def test_a_better_model_is_promoted_and_the_champion_scores_another_table(
    shop: Shop, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    tuesday = ["--set", f"output={shop.place / 'tuesday'}"]
    assert shop.promote(*tuesday, "--json", "--fail-if-not") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["promoted"] is True
    assert told["gain"] > 0.05
    pq.write_table(customers(30, 50_000).drop(["y"]), tmp_path / "new")
    where = ["--input", str(tmp_path / "new"), "--output", str(tmp_path / "scored")]
    for model in ([], ["--model", "champion"]):
        shop.ends("score", *tuesday, *where, *model)
        assert pq.read_table(tmp_path / "scored").num_rows == 30
        mark = json.loads((tmp_path / "scored/_emr-ensembles.json").read_text())
        assert mark["champion"]["number"] == 2
        assert mark["model"].endswith("/champions/small@2")
        assert mark["model_digest"] == told["champion"]["digest"]
    records = sorted((shop.place / "tuesday/runs").glob("*/jobs/score.json"))
    assert [json.loads(path.read_text())["champion"]["number"] for path in records] == [2, 2]


def test_the_champion_scores_prepared_test_rows_of_a_table_that_it_was_not_trained_on(
    shop: Shop,
) -> None:
    shop.ends("score", "--model", "champion", "--set", f"output={shop.place / 'monday'}")
    (place,) = (shop.place / "monday/scores/champion").glob("v000001-*")
    scored = pq.read_table(place).to_pandas()
    assert set(scored["split"]) == {"test"}
    assert {"customer", "prediction", "probability"} <= set(scored.columns)
    manifest = json.loads((place.parent / "v000001.json").read_text())
    assert manifest["champion"]["trainer"] == "bagging"


def test_a_champion_that_cannot_be_evaluated_or_trusted_is_told_with_the_reason(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    wednesday = shop.day("wednesday", customers(zone=None), "--set", "seed=77")
    shop.ends("prepare", *wednesday)
    shop.ends("bag", *wednesday)
    warnings = [said for said in shop.ends("report", *wednesday) if "champion" in said]
    doubt, skipped = warnings
    assert "trained with other settings of seed, so rows that are test rows now" in doubt
    assert "number 2 is not in the report: features of the model: no column zone" in skipped
    found = shop.report("wednesday")
    assert set(found["models"]) == {"bagging"}
    assert "no column zone" in found["champion"]["skipped"]
    assert "trained with other settings of seed" in found["notes"][0]
    assert shop.promote(*wednesday) == 2
    assert "could not be evaluated on these rows: features" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "champion", "--set", "promotion.registry=null"], "promotion.registry is not"),
        (["--model", "champion", "--set", "promotion.name=none"], "/champions/none: no champion y"),
        (["--input", "x", "--output", "{tmp}/y", "--set", "promotion.name=none"], "no champion y"),
        (
            ["--input", "x", "--output", "{tmp}/y", "--set", "promotion.registry=null"],
            "--input needs --model, or promotion.registry",
        ),
        (["--input", "x"], "--input needs --output"),
    ],
)
def test_to_score_with_a_champion_that_is_not_there_is_refused_before_anything_starts(
    shop: Shop, arguments: list[str], message: str, tmp_path: Path
) -> None:
    ended = shop.run("score", *(argument.format(tmp=tmp_path) for argument in arguments))
    assert ended.code == 2
    assert message in ended.error
    assert not (shop.place / "out").exists()


def test_the_copy_is_the_model_that_was_trained(shop: Shop) -> None:
    copy = read_metadata(str(shop.place / "champions/small@1"))
    trained = read_metadata(str(shop.place / "monday/models/bagging"))
    for key in ("files", "table", "features", "label", "columns"):
        assert copy[key] == trained[key]
    predictor = load_predictor(str(shop.place / "champions/small@1"))
    assert predictor.classes == (0.0, 1.0)

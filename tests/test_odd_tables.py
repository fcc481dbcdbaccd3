"""Odd tables that work: names that need quoting, columns that tell nothing, values at the edge."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.small_tables import NAN, made, parquet

ROWS = 120
LABEL = "the `label`, v1.2"
FAST = {
    "bagging": {"replicas": 2, "max_depth": 2},
    "boosting": {"rounds": 2, "max_depth": 2},
    "deep": {"epochs": 1, "hidden": [4], "batch_size": 16},
}


def _odd_table() -> pa.Table:
    each = range(ROWS)
    return pa.table(
        {
            "a.b": [float(i % 7) for i in each],
            "a": [NAN if i % 2 else None for i in each],  # no value in any row
            "two words": ["one category"] * ROWS,
            "back`tick": pa.nulls(ROWS, pa.string()),
            'quo"te': ["", None, "x", " "] * (ROWS // 4),
            "it's": [i % 3 == 0 for i in each],
            "com,ma;": [Decimal(i) / 4 for i in each],
            "Größe 温度": [2**60 + i for i in each],
            "1st": [-0.0] * ROWS,
            "long" * 50: [3.0e38 if i % 2 else 1e-40 for i in each],
            "v[0]<=(1)\t{}": [i % 5 for i in each],
            LABEL: [("", "yes", "ü")[i % 3] for i in each],
            "w.t": [i % 4 / 2 for i in each],
            "k,e`y": [None, *range(1, ROWS)],
        }
    )


@pytest.mark.usefixtures("spark")
def test_odd_names_and_values_go_through_all_jobs_and_trainers(tmp_path: Path) -> None:
    parquet(_odd_table())(tmp_path)
    columns = {"label": LABEL, "weight": "w.t", "key": ["k,e`y"]}
    workshop = made(tmp_path, {"columns": columns, **FAST})
    warnings = workshop.run("prepare").warnings
    assert [line.partition(" in ")[0] for line in warnings] == [
        "columns.features: the same value",
        "columns.features: no value",
    ]
    assert "two words ('one category'), 1st (-0.0)" in warnings[0]
    assert "in a, back`tick;" in warnings[1]
    for job in ("bag", "boost", "deep", "score", "report"):
        ended = workshop.run(job)
        assert ended.code == 0, ended.said
    report = json.loads((tmp_path / "out" / "report" / "report.json").read_text())
    assert set(report["models"]) == {"bagging", "boosting", "deep"}
    assert all(model["test"]["log_loss"] is not None for model in report["models"].values())
    scored = [mark.parent for mark in (tmp_path / "out" / "scores").rglob("_SUCCESS")]
    assert len(scored) == 3
    for scores in scored:
        found = pq.read_table(scores).to_pandas()
        assert set(found["prediction"]) <= {"", "yes", "ü"}
        assert len(found) == report["models"]["deep"]["test"]["rows"]
    assert list((tmp_path / "scratch").iterdir()) == []


@pytest.mark.usefixtures("spark")
def test_a_column_of_identifiers_is_no_category(tmp_path: Path) -> None:
    rows = 66_000
    data = {"f": [f"id {i}" for i in range(rows)], "x": [1.0] * rows, "y": [0, 1] * (rows // 2)}
    parquet(pa.table(data))(tmp_path)
    shares = {"train": 0.999, "validation": 0.0005, "test": 0.0005}
    workshop = made(tmp_path, {"split": shares, **FAST})
    assert workshop.run("prepare").code == 0
    before = workshop.files()
    ended = workshop.run("bag")
    assert "column f has more than 65536 different strings" in ended.error
    assert "Leave it out" in ended.error
    assert ended.code == 2
    assert workshop.files() == before

"""`local_training` on a real standalone cluster: once, and the same date again."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

DATE = "2026-11-21"
MOMENT = datetime.fromisoformat(DATE).replace(tzinfo=UTC)
JOBS = ("prepare", "bag", "boost", "deep", "score", "report", "promote")

CONFIG = """\
name: tiny
output: unused
source: {{kind: csv, uri: "{folder}/${{date}}.csv"}}
columns: {{label: y}}
spark: {{spark.sql.shuffle.partitions: 2}}
bagging: {{replicas: 2}}
boosting: {{rounds: 3}}
deep: {{epochs: 1, hidden: [4], batch_size: 64}}
"""


def _write_table(path: Path) -> None:
    draw = random.Random(1)
    rows = [(draw.random(), draw.choice("xyz"), draw.random()) for _ in range(400)]
    lines = [f"{a},{b},{int(a + c / 2 > 0.7)}" for a, b, c in rows]
    path.write_text("\n".join(["a,b,y", *lines]) + "\n", encoding="utf-8")


def _states(run: Any) -> dict[str, str]:
    return {task.task_id: str(task.state) for task in run.get_task_instances()}


def _files(folder: Path) -> dict[str, int]:
    """What is there, and when it was written."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in found}


@pytest.fixture
def conf(master: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Params of a run on a table that is still to be written."""
    config = tmp_path / "tiny.yaml"
    config.write_text(CONFIG.format(folder=tmp_path), encoding="utf-8")
    host, _, port = master.rpartition(":")
    extra = {"properties-file": "conf/spark/local.conf"}
    connection = {"conn_type": "spark", "host": host, "port": int(port), "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_EMR_ENSEMBLES_SPARK", json.dumps(connection))
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    return {
        "config": str(config),
        "output": str(tmp_path / "out"),
        "registry": str(tmp_path / "champions"),
    }


@pytest.mark.timeout(1_100)
@pytest.mark.usefixtures("database")
def test_an_error_of_the_users_is_the_tasks_error_and_is_not_tried_again(
    dags: dict[str, Any],
    conf: dict[str, Any],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / f"{DATE}.csv").write_text("a,b\n1,2\n", encoding="utf-8")

    run = dags["local_training"].test(logical_date=MOMENT, run_conf=conf)

    failed = next(task for task in run.get_task_instances() if task.task_id == "prepare")
    assert (failed.state, failed.try_number) == ("failed", 1)
    assert set(_states(run).values()) == {"failed", "upstream_failed"}
    said = capfd.readouterr()
    assert "AirflowFailException" in said.out + said.err
    assert "Last spark-submit output:" in said.out + said.err
    assert "error: " in (said.out + said.err).partition("Last spark-submit output:")[2]


@pytest.mark.timeout(1_100)
@pytest.mark.usefixtures("database")
def test_a_date_is_trained_to_its_report_and_running_it_again_changes_nothing(
    dags: dict[str, Any], conf: dict[str, Any], tmp_path: Path
) -> None:
    _write_table(tmp_path / f"{DATE}.csv")

    first = dags["local_training"].test(logical_date=MOMENT, run_conf=conf)
    assert _states(first) == dict.fromkeys(JOBS, "success")
    output = tmp_path / "out" / DATE
    assert (output / "report" / "report.html").exists()
    (record,) = (output / "runs").glob("*/run.json")
    assert record.parent.name.startswith(f"airflow-{DATE}-")
    assert set(json.loads(record.read_text())["jobs"]) == set(JOBS)
    before = {**_files(output), **_files(tmp_path / "champions")}

    again = dags["local_training"].test(logical_date=MOMENT, run_conf=conf)
    assert _states(again) == dict.fromkeys(JOBS, "skipped")
    assert {**_files(output), **_files(tmp_path / "champions")} == before

"""The main job, end to end: a user's CSV, real `spark-submit`, a cluster of its own."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from pipeline.local.cluster import ClusterState, down, up
from pipeline.local.cluster import environment as cluster_environment

ROOT = Path(__file__).resolve().parent.parent
CONFIG: dict[str, Any] = {
    "name": "churn",
    "source": {"kind": "csv"},
    "columns": {
        "label": "churned",
        "key": ["customer"],
        "features": ["age", "spend", "plan", "zone", "is_new"],
    },
    "seed": 5,
    "spark": {
        "spark.executor.memory": "1g",
        "spark.sql.shuffle.partitions": 2,
        "spark.ui.enabled": False,
    },
    "bagging": {"replicas": 4, "max_depth": 4},
    "boosting": {"rounds": 6, "max_depth": 3, "eta": 0.4},
    "deep": {"hidden": [8], "epochs": 3, "batch_size": 64, "learning_rate": 0.02},
}


def _table(rows: int) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    age, spend = rng.normal(45, 12, rows).round(1), rng.gamma(2, 50, rows).round(2)
    plan = rng.choice(["basic", "plus, with phone", "max"], rows)
    score = (age - 45) / 12 + 1.5 * (plan == "basic") - spend / 100 + rng.normal(0, 0.3, rows)
    return pd.DataFrame(
        {
            "customer": [f"c{number:04d}" for number in range(rows)],
            "age": pd.Series(age).where(rng.random(rows) > 0.1),
            "spend": spend,
            "plan": pd.Series(plan, dtype=object).where(rng.random(rows) > 0.1),
            "zone": [f"{number:02d}x" for number in rng.integers(1, 9, rows)],
            "is_new": np.where(rng.random(rows) < 0.3, "true", "false"),
            "note": "passes, through",
            "churned": np.where(score > 0, "yes", "no"),
        }
    )


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, ClusterState]]:
    """Two Workers of one core, beside those of the other tests' session."""
    directory = tmp_path_factory.mktemp("own-cluster")
    try:
        yield directory, up(directory, workers=2, cores_per_worker=1, memory_per_worker_mb=1200)
    finally:
        down(directory)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("table") / "customers.csv"
    _table(600).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def config(table: Path) -> Path:
    output = str(table.parent / "out")
    source = {**CONFIG["source"], "uri": str(table)}
    path = table.parent / "churn.yaml"
    path.write_text(yaml.safe_dump({**CONFIG, "output": output, "source": source}))
    return path


def _run(
    command: list[str], more: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run to the end; a test that is stopped stops the whole tree of processes."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    environment = {**os.environ, **(more or {})}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True, **pipes)
    try:
        out, err = process.communicate()
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def _emr_ensembles(cluster: tuple[Path, ClusterState], *arguments: str) -> Any:
    command = [sys.executable, "-c", "from pipeline.cli.main import main; exit(main())", "run"]
    return _run([*command, "--cluster", str(cluster[0]), *arguments])


@pytest.fixture(scope="module")
def done(cluster: tuple[Path, ClusterState], config: Path) -> subprocess.CompletedProcess[str]:
    """All six jobs."""
    found: subprocess.CompletedProcess[str] = _emr_ensembles(cluster, "--config", str(config))
    assert found.returncode == 0, found.stderr
    return found


@pytest.mark.timeout(600)
def test_the_main_job_ends_with_a_table_of_three_models(
    done: subprocess.CompletedProcess[str],
) -> None:
    for name in ("bagging", "boosting", "deep", "test AUC"):
        assert name in done.stdout
    assert "report.html" in done.stdout
    assert "Traceback" not in done.stderr
    assert "all jobs done" in done.stderr


def test_the_report_has_the_test_scores_of_all_models(
    done: subprocess.CompletedProcess[str], config: Path
) -> None:
    report = json.loads((config.parent / "out" / "report" / "report.json").read_text())
    assert set(report["models"]) == {"bagging", "boosting", "deep"}
    for model in report["models"].values():
        assert 0.7 < model["test"]["auc"] <= 1
        assert model["test"]["rows"] == report["models"]["deep"]["test"]["rows"] > 50
        assert math.isfinite(model["test"]["log_loss"])
    assert (config.parent / "out" / "report" / "report.html").stat().st_size > 10_000


def test_the_test_rows_are_scored_by_all_models(
    done: subprocess.CompletedProcess[str], config: Path
) -> None:
    found = {
        name: pd.read_parquet(config.parent / "out" / "scores" / name)
        for name in ("bagging", "boosting", "deep")
    }
    for scored in found.values():
        assert set(scored["split"]) == {"test"}
        assert set(scored["prediction"]) == {"no", "yes"}
        assert np.allclose(np.array(scored["probability"].tolist()).sum(axis=1), 1)
        assert set(scored["customer"]) == set(found["deep"]["customer"])


def test_another_table_is_scored_by_spark_submit(
    done: subprocess.CompletedProcess[str],
    cluster: tuple[Path, ClusterState],
    config: Path,
    tmp_path: Path,
) -> None:
    unlabelled = _table(40).drop(columns="churned")
    unlabelled.loc[3, "zone"] = "unseen"
    unlabelled.to_csv(tmp_path / "new.csv", index=False)
    state = cluster[1]
    arguments = ["--config", str(config), "--model", "boosting", "--format", "csv"]
    place = ["--input", str(tmp_path / "new.csv"), "--output", str(tmp_path / "scored")]
    submit = ["spark-submit", "--master", state.master_url, str(ROOT / "jobs" / "score.py")]
    found = _run([*submit, *arguments, *place], cluster_environment(state))
    assert found.returncode == 0, found.stderr
    scored = pd.read_parquet(tmp_path / "scored").sort_values("customer")
    assert list(scored.columns) == [*unlabelled.columns, "prediction", "probability"]
    assert scored["zone"].tolist() == unlabelled["zone"].tolist()
    assert scored["note"].tolist() == unlabelled["note"].tolist()
    assert np.allclose(scored["age"], unlabelled["age"], equal_nan=True)
    assert set(scored["prediction"]) == {"no", "yes"}
    assert np.allclose(np.array(scored["probability"].tolist()).sum(axis=1), 1)


def test_a_table_prepared_anew_with_other_settings_is_not_trained_on(
    done: subprocess.CompletedProcess[str], cluster: tuple[Path, ClusterState], config: Path
) -> None:
    more = ["--config", str(config), "--jobs", "boost", "--set", "seed=6"]
    found = _emr_ensembles(cluster, *more)
    assert found.returncode == 2
    errors = [line for line in found.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert "prepared with other settings (seed); run jobs/prepare.py again" in errors[0]


def test_a_missing_label_is_one_line_and_leaves_nothing_behind(
    cluster: tuple[Path, ClusterState], config: Path, tmp_path: Path
) -> None:
    more = ["--set", "columns.label=churnd", "--set", f"output={tmp_path}/out"]
    found = _emr_ensembles(cluster, "--config", str(config), *more)
    assert found.returncode == 2
    errors = [line for line in found.stderr.splitlines() if line.startswith("error: ")]
    assert errors == ["error: columns.label: no column churnd in the table; did you mean churned?"]
    assert "Traceback" not in found.stderr
    assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == []

"""A user's CSV, its config, and commands run as a user runs them: shared by tests of whole runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

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


def customers(rows: int) -> pd.DataFrame:
    """A table with a key, missing values, odd text, and a label that can be learnt."""
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


def write_config(directory: Path, rows: int = 600, **more: Any) -> Path:
    """The table and the config in a directory; outputs go to `out` below it."""
    customers(rows).to_csv(directory / "customers.csv", index=False)
    source = {"kind": "csv", "uri": str(directory / "customers.csv")}
    path = directory / "churn.yaml"
    whole = {**CONFIG, "output": str(directory / "out"), "source": source, **more}
    path.write_text(yaml.safe_dump(whole))
    return path


def start(command: list[str], more: dict[str, str] | None = None) -> subprocess.Popen[str]:
    """Start a command, in a process group of its own."""
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    environment = {**os.environ, **(more or {})}
    return subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True, **pipes)


def finish(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    """Wait for its end; a test that is stopped stops the whole tree of processes."""
    try:
        out, err = process.communicate()
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def emr_ensembles(*arguments: str) -> list[str]:
    """The command `emr-ensembles`, as it is installed."""
    return [sys.executable, "-c", "from pipeline.cli.main import main; exit(main())", *arguments]

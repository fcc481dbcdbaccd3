"""An Airflow home that is nobody's, and the DAGs of the folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
DAGS = ROOT / "infra" / "airflow" / "dags"

HOME = Path(tempfile.mkdtemp(prefix="airflow-tests-"))

# Airflow reads its settings when it is imported.
for name in [name for name in os.environ if name.startswith(("AIRFLOW", "AWS", "EMR_ENSEMBLES"))]:
    del os.environ[name]
os.environ["AIRFLOW_HOME"] = str(HOME)
os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = str(DAGS)
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
sys.path.insert(0, str(DAGS))  # as Airflow has it for the files of a DAG bundle


def pytest_unconfigure() -> None:
    shutil.rmtree(HOME, ignore_errors=True)


@pytest.fixture(scope="session")
def dags() -> dict[str, Any]:
    """All DAGs of the folder, by their names."""
    from airflow.dag_processing.dagbag import BundleDagBag

    bag = BundleDagBag(DAGS, bundle_path=DAGS, bundle_name="dags-folder")
    assert not bag.import_errors
    return dict(bag.dags)


@pytest.fixture(scope="session")
def database() -> None:
    """Airflow's tables."""
    airflow = Path(sys.executable).parent / "airflow"
    subprocess.run([airflow, "db", "migrate"], check=True, capture_output=True)


@pytest.fixture(scope="session")
def master() -> Iterator[str]:
    """The master of a standalone cluster of one core, by the project's own command."""
    command = [str(ROOT / ".venv" / "bin" / "emr-ensembles"), "local"]
    directory = str(HOME / "cluster")
    shape = ["--workers", "1", "--cores-per-worker", "1", "--memory-per-worker", "2g"]
    subprocess.run([*command, "up", "--dir", directory, *shape], check=True, capture_output=True)
    try:
        asked = [*command, "status", "--dir", directory, "--json"]
        said = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
        yield json.loads(said)["cluster"]["master_url"]
    finally:
        subprocess.run([*command, "down", "--dir", directory], check=True, capture_output=True)

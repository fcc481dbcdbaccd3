"""What lies in `inside` runs in Airflow's own environment; test_inside.py has it run there."""

import os
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

collect_ignore = [] if find_spec("airflow") else ["inside"]


@pytest.fixture(scope="session")
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An Airflow home with a database."""
    from tests.airflow.on_emr import AIRFLOW

    home = tmp_path_factory.mktemp("airflow")
    environment = {**os.environ, "AIRFLOW_HOME": str(home)}
    environment["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
    subprocess.run([AIRFLOW, "db", "migrate"], check=True, capture_output=True, env=environment)
    return home

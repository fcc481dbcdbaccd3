"""The tests of `inside`, each file by a pytest of Airflow's own environment."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INSIDE = Path(__file__).resolve().parent / "inside"
PYTHON = ROOT / ".venv-airflow" / "bin" / "python"

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.skipif(
        not PYTHON.exists(),
        reason="Airflow's own environment is missing: make .venv-airflow/.made",
    ),
]


@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("file", sorted(path.name for path in INSIDE.glob("test_*.py")))
def test_the_dags_hold_in_an_airflow_of_their_own(file: str) -> None:
    command = [str(PYTHON), "-m", "pytest", "-q", f"--confcutdir={INSIDE}", str(INSIDE / file)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-20_000:]}\n{done.stderr[-5_000:]}"

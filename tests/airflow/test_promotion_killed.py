"""The worker of `promote` dies between the promotion and the telling, in a real Airflow."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from pipeline.store import champions, runs
from pipeline.store.runs import RunPlace, list_runs
from tests.airflow.on_emr import PYTHON
from tests.airflow.served import Person, ServedAirflow, served, waited
from tests.cli.models.made import Day

DAG = "promote_alone"
HERE = Path(__file__).resolve().parent

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not PYTHON.exists(), reason="make .venv-airflow/.made"),
]


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ServedAirflow, Person]]:
    """One whose programs can be held."""
    directory = tmp_path_factory.mktemp("promotion")
    python = directory / "clone" / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{HERE / "held.py"}" "$@"\n')
    python.chmod(0o755)
    foreign = ("AIRFLOW", "EMR_ENSEMBLES", "PYTEST", "PYTHON")
    own = {name: each for name, each in os.environ.items() if not name.startswith(foreign)}
    own["EMR_ENSEMBLES_HOME"] = str(directory / "clone")
    with served(directory / "airflow", HERE / DAG, DAG, own) as found:
        yield found


@pytest.mark.parametrize(("window", "date"), [("unnoted", "2026-11-01"), ("untold", "2026-11-02")])
def test_a_promotion_whose_worker_is_killed_is_told_once_by_the_next_try_and_made_once(
    airflow: tuple[ServedAirflow, Person], tmp_path: Path, window: str, date: str
) -> None:
    served_airflow, person = airflow
    day = Day(str(tmp_path), date)
    day.train(boosting="first")
    day.report(boosting=0.8)
    config = tmp_path / "job.yaml"
    job = {
        "name": "churn",
        "output": "unused",
        "source": {"kind": "csv", "uri": "unused.csv"},
        "columns": {"label": "y"},
    }
    config.write_text(yaml.safe_dump(job))
    (tmp_path / "hold").write_text(window)
    told_before = len(person.events(DAG))
    conf = {
        "config": str(config),
        "output": str(tmp_path),
        "registry": str(tmp_path / "champions"),
    }

    run = person.trigger(DAG, date, conf)
    held = waited(lambda: (tmp_path / "held").exists() or None, f"{served_airflow.log}: held")
    assert held
    uri = day.job.champions_uri
    assert [each.number for each in champions.history(uri)] == [1]
    noted = [
        runs.read_job(RunPlace(day.job.output, each), "promote")
        for each in list_runs(day.job.output)
    ]
    assert len(noted) == (0 if window == "unnoted" else 1)
    for process in (tmp_path / "held").read_text().split():
        os.kill(int(process), signal.SIGKILL)

    assert person.ended(DAG, run) == "success", served_airflow.said(DAG, run, "promote")
    assert person.tries(DAG, run) == {"promote": 2}
    assert [each.number for each in champions.history(uri)] == [1]
    (event,) = [each for each in person.events(DAG) if each["source_run_id"] == run]
    assert len(person.events(DAG)) == told_before + 1
    assert event["extra"]["champion"]["number"] == 1
    assert event["extra"]["date"] == date
    (run_id,) = list_runs(day.job.output)
    part = runs.read_job(RunPlace(day.job.output, run_id), "promote")
    assert part is not None
    assert part["outcome"] == "success"

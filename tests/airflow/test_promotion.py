"""What the task `promote` asks of the project's environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.models.made import Day, first_champion, next_day

PROGRAMS = Path(__file__).resolve().parents[2] / "infra/airflow/dags/emr_ensembles/in_project"


@pytest.fixture
def second(tmp_path: Path) -> Day:
    """A day whose report is from before there was a champion."""
    second = Day(str(tmp_path), "2026-11-02")
    second.train(boosting="second")
    second.report(boosting=0.9)
    first_champion(str(tmp_path))
    return second


def _asked(day: Day, *more: str) -> subprocess.CompletedProcess[str]:
    config = Path(day.place) / "job.yaml"
    job: dict[str, Any] = {
        "name": "churn",
        "output": "unused",
        "source": {"kind": "csv", "uri": "unused.csv"},
        "columns": {"label": "y"},
    }
    config.write_text(yaml.safe_dump(job))
    keys = [f"output={day.job.output}", f"promotion.registry={day.place}/champions"]
    return subprocess.run(
        [
            *(sys.executable, PROGRAMS / "promotion.py", "--config", config),
            *(part for key in keys for part in ("--set", key)),
            *more,
        ],
        env={**os.environ, "EMR_ENSEMBLES_DATE": day.date},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_report_that_is_old_is_made_again_by_clearing_the_run_and_the_error_says_so(
    second: Day,
) -> None:
    done = _asked(second)
    assert done.returncode == 2, done.stderr
    said = done.stderr.splitlines()[-1]
    assert said.endswith(
        "was made before there was champion number 1 (boosting); clear the DAG run, which makes "
        "the report again"
    )
    assert "jobs/report.py" not in done.stderr


def test_a_date_is_judged_once_and_what_it_told_is_told_again_to_a_later_try_alone(
    second: Day,
) -> None:
    second.report(champion=0.8, boosting=0.9)
    first = json.loads(_asked(second).stdout)
    assert (first["promoted"], first["champion"]["number"]) == (True, 2)
    assert json.loads(_asked(second).stdout) == {
        "promoted": False,
        "reason": "the date was judged before",
    }
    again = json.loads(_asked(second, "--again").stdout)
    assert again == first
    assert second.champion().number == 2


def test_a_champion_that_stays_is_told_to_nobody_also_when_tried_again(second: Day) -> None:
    third = next_day(second, "2026-11-03", boosting="third")
    third.report(champion=0.8, boosting=0.7)
    assert not json.loads(_asked(third, "--again").stdout)["promoted"]
    assert not json.loads(_asked(third, "--again").stdout)["promoted"]
    assert third.champion().number == 1

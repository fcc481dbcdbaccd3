"""`emr_scoring` in a real Airflow, against moto and clusters that pretend to work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline import files
from tests.airflow.on_emr import DATE, PYTHON, OnEmr, airflow_of, on_emr
from tests.cli.models.made import first_champion
from tests.emr.pretended import argument

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.timeout(1_200),
    pytest.mark.skipif(not PYTHON.exists(), reason="make .venv-airflow/.made"),
]


@pytest.fixture
def asked(s3: str, airflow_home: Path, tmp_path: Path) -> Iterator[OnEmr]:
    """A table of three partitions."""
    with airflow_of(s3) as proxy:
        found = on_emr(proxy, s3, airflow_home, tmp_path)
        for day in ("20", "21", "22"):
            files.write_bytes(f"{found.base}/table/dt=2026-11-{day}/part.parquet", b"x")
        own = {
            "table": f"{found.base}/table",
            "registry": f"{found.base}/champions",
            "overrides": ["promotion.name=churn"],
        }
        found.conf.update(own)
        yield found


def _steps(asked: OnEmr) -> list[Any]:
    return [step for cluster in asked.acting.clusters for step in cluster.steps]


def test_the_partition_of_a_date_is_scored_once_and_a_new_model_scores_what_is_left(
    asked: OnEmr,
) -> None:
    first_champion(asked.base)
    run = asked.run("emr_scoring")
    assert run.state == "success", run.said
    assert set(run.tasks.values()) == {"success"}
    (step,) = _steps(asked)
    assert argument(step.args, "--model") == "champion"
    assert argument(step.args, "--input") == f"{asked.base}/table/dt={DATE}"
    assert argument(step.args, "--output") == f"{asked.base}/output/scores/dt={DATE}"
    assert asked.acting.states == ["TERMINATED"]

    again = asked.run("emr_scoring")
    assert set(again.tasks.values()) == {"skipped"}, again.said
    assert len(asked.acting.clusters) == 1

    of_model = asked.run("emr_scoring", date="none")  # as of an event of the asset
    assert of_model.state == "success", of_model.said
    left = sorted(argument(step.args, "--input") for step in _steps(asked)[1:])
    assert left == [f"{asked.base}/table/dt=2026-11-{day}" for day in ("20", "22")]
    assert asked.acting.states == ["TERMINATED", "TERMINATED"]


def test_a_partition_that_cannot_be_scored_fails_the_run_and_keeps_no_other_from_its_scores(
    asked: OnEmr,
) -> None:
    first_champion(asked.base)
    asked.acting.bad_inputs.append(f"{asked.base}/table/dt=2026-11-20")
    run = asked.run("emr_scoring", date="none")
    assert run.state == "failed", run.said
    by_date = run.mapped["score"]
    assert by_date == {
        "2026-11-20": "failed",
        "2026-11-21": "success",
        "2026-11-22": "success",
    }
    assert asked.acting.states == ["TERMINATED"]
    told = [event["date"] for event in run.events["emr_ensembles_scored_partitions"]]
    assert sorted(told) == ["2026-11-21", "2026-11-22"]

    asked.acting.bad_inputs.clear()
    again = asked.run("emr_scoring", date="none")
    assert (again.state, again.mapped["score"]) == ("success", {"2026-11-20": "success"})


def test_what_is_too_much_for_one_run_is_told_and_left_for_the_next(asked: OnEmr) -> None:
    first_champion(asked.base)
    done = [asked.run("emr_scoring", date="none", conf={"most": 2}) for _ in range(2)]
    assert [set(run.mapped["score"]) for run in done] == [
        {"2026-11-20", "2026-11-21"},
        {"2026-11-22"},
    ]
    assert "1 more are left for the next run" in done[0].said


def test_without_a_champion_nothing_is_launched(asked: OnEmr) -> None:
    run = asked.run("emr_scoring")
    assert (run.state, set(run.tasks.values())) == ("success", {"skipped"}), run.said
    assert "no champion yet" in run.said
    assert asked.acting.clusters == []

"""`emr_training` in a real Airflow, against moto behind a proxy and clusters that pretend to work.

What the jobs themselves do is tested on YARN, in test_emr_training_on_yarn.py.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import UserError
from pipeline.store.runs import RunPlace, list_runs, read_run
from tests.airflow.on_emr import DATE, PYTHON, DagRun, OnEmr, airflow_of, on_emr

JOBS = ("prepare", "bag", "boost", "deep", "score", "report")

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.timeout(1_800),
    pytest.mark.skipif(not PYTHON.exists(), reason="make .venv-airflow/.made"),
]


@dataclass
class Story:
    """One date, run again and again; what was there after each run."""

    asked: OnEmr
    runs: list[DagRun] = field(default_factory=list)
    steps: list[list[tuple[str, str]]] = field(default_factory=list)
    clusters: list[list[str]] = field(default_factory=list)

    def run(self) -> None:
        self.runs.append(self.asked.run("emr_training"))
        self.steps.append(self.asked.acting.steps)
        self.clusters.append(self.asked.acting.states)


@pytest.fixture(scope="module")
def story(s3: str, airflow_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Killed after a step was added; started again, and a job dies; started again; once more.

    Each is a DAG run of its own, of the same date; test_emr_training_cleared.py clears one.
    """
    with airflow_of(s3) as proxy:
        asked = on_emr(proxy, s3, airflow_home, tmp_path_factory.mktemp("story"))
        found, acting = Story(asked), asked.acting

        def kill(said: dict[str, Any]) -> dict[str, Any]:
            if proxy.asked["AddJobFlowSteps"] == 1:
                asked.processes[-1].send_signal(signal.SIGKILL)
            return said

        proxy.change("AddJobFlowSteps", kill)
        found.run()
        said = ("Submitted application_1_0003\n", "loading\nerror: the GPU is gone")
        acting.dies["boost"] = said
        found.run()
        acting.dies.clear()
        found.run()
        found.run()
        yield found


def test_a_run_that_is_killed_after_it_added_a_step_finds_it_when_its_date_is_started_again(
    story: Story,
) -> None:
    killed, again = story.runs[:2]
    assert killed.code == -signal.SIGKILL
    (step,) = story.steps[0]
    assert f"small prepare airflow-{DATE}-" in step[0]
    assert again.tasks["prepare"] == "success", again.said
    assert [name for name, _ in story.steps[1] if " prepare " in name] == [step[0]]
    assert len(story.clusters[1]) == 1


def test_a_step_that_dies_fails_the_run_with_its_last_lines_and_the_cluster_is_ended(
    story: Story,
) -> None:
    run = story.runs[1]
    assert (run.state, run.tasks["boost"], run.tasks["terminate"]) == (
        "failed",
        "failed",
        "success",
    )
    assert {run.tasks[job] for job in ("score", "report", "promote")} == {"upstream_failed"}
    assert story.clusters[1] == ["TERMINATED"]
    error = run.said.partition("AirflowException: ")[2]
    assert "loading\nerror: the GPU is gone" in error[:4_000]


def test_a_step_that_failed_is_done_again_as_another_step_and_cancels_none_beside_it(
    story: Story,
) -> None:
    failed = [name for name, state in story.steps[1] if state == "FAILED"]
    assert [name.partition(" again ")[2] for name in failed] == ["", "1", "2"]
    assert {story.runs[1].tasks[job] for job in ("prepare", "bag", "deep")} == {"success"}


def test_a_date_that_is_started_again_goes_on_where_it_was_on_another_cluster(story: Story) -> None:
    run = story.runs[2]
    assert run.state == "success", run.said
    assert {run.tasks[job] for job in ("prepare", "bag", "deep")} == {"skipped"}
    new = story.steps[2][len(story.steps[1]) :]
    assert [(name.split()[1], state) for name, state in new] == [
        (job, "COMPLETED") for job in ("boost", "score", "report")
    ]
    assert story.clusters[2] == ["TERMINATED", "TERMINATED"]
    output = f"{story.asked.base}/output/{DATE}"
    (run_id,) = list_runs(output)
    record = read_run(RunPlace(output, run_id))
    assert (record["outcome"], set(record["jobs"])) == ("success", set(JOBS))


def test_a_date_that_is_done_needs_no_cluster(story: Story) -> None:
    run = story.runs[3]
    assert run.state == "success", run.said
    assert set(run.tasks.values()) == {"skipped"}
    assert story.steps[3] == story.steps[2]
    assert len(story.clusters[3]) == 2


def test_a_cluster_is_of_one_dag_and_one_date(story: Story) -> None:
    names = [each.name for each in story.asked.acting.clusters]
    assert all(f"-emr_training-{DATE}-" in name for name in names)


@pytest.fixture
def asked(s3: str, airflow_home: Path, tmp_path: Path) -> Iterator[OnEmr]:
    with airflow_of(s3) as proxy:
        yield on_emr(proxy, s3, airflow_home, tmp_path)


def test_where_aws_has_no_room_the_next_try_takes_the_next_types_and_users_errors_no_other_try(
    asked: OnEmr,
) -> None:
    acting = asked.acting
    acting.without_room += ["g5.2xlarge", "g5.4xlarge"]
    acting.fails["prepare"] = UserError("the label has nulls")
    types = [["g5.2xlarge"], ["g5.4xlarge"], ["g5.8xlarge", "g5.16xlarge"]]
    run = asked.run("emr_training", conf={"instance_types": types})
    assert (run.tasks["create"], run.tries["create"]) == ("success", 3), run.said
    assert acting.types == types
    assert acting.states == [*["TERMINATED_WITH_ERRORS"] * 2, "TERMINATED"]
    assert "insufficient capacity" in run.said
    assert (run.state, run.tries["prepare"]) == ("failed", 1)
    assert "prepare: the label has nulls" in run.said.partition("AirflowFailException: ")[2]


def test_what_would_fail_is_told_before_anything_is_launched(asked: OnEmr) -> None:
    run = asked.run("emr_training", conf={"overrides": ["gang.workers=99"]})
    assert (run.state, run.tasks["plan"], run.tries["plan"]) == ("failed", "failed", 1)
    assert "gang.workers" in run.said.partition("AirflowFailException: ")[2]
    assert asked.acting.clusters == []

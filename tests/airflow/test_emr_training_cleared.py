"""A DAG run of `emr_training` that is cleared, by Airflow's own API, and goes on under its name.

Against moto behind a proxy and clusters that pretend to work, as in test_emr_training.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest

from pipeline.errors import UserError
from pipeline.store.runs import RunPlace, list_runs, read_run
from tests.airflow.on_emr import DATE, PYTHON, OnEmr, airflow_of, on_emr
from tests.airflow.served import DAGS, Person, ServedAirflow, served
from tests.emr.lossy import Lossy

DAG = "emr_training"
JOBS = ("prepare", "bag", "boost", "deep", "score", "report")

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.timeout(1_800),
    pytest.mark.skipif(not PYTHON.exists(), reason="make .venv-airflow/.made"),
]


@dataclass
class Seen:
    """What was there when the run had ended."""

    state: str
    tasks: dict[str, str]
    created: str
    clusters: list[str]
    states: list[str]
    jobs: list[tuple[str, str]]
    asked_to_end: int
    tries: dict[str, int]


@dataclass
class Story:
    """One DAG run, which fails and is cleared again and again."""

    asked: OnEmr
    airflow: ServedAirflow
    person: Person
    run: str
    seen: list[Seen] = field(default_factory=list)

    def end(self) -> None:
        """Wait for its end, and look."""
        state, acting = self.person.ended(DAG, self.run), self.asked.acting
        self.seen.append(
            Seen(
                state,
                self.person.tasks(DAG, self.run),
                str(self.person.returned(DAG, self.run, "create")),
                [each.id for each in acting.clusters],
                acting.states,
                acting.jobs,
                acting.proxy.asked["TerminateJobFlows"],
                self.person.tries(DAG, self.run),
            )
        )

    def said(self, task: str) -> str:
        """The logs of all tries of a task."""
        return self.airflow.said(DAG, self.run, task)


@pytest.fixture(scope="module")
def story(s3: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """A worker is killed when it has added a step, and later a job fails; what failed is cleared;
    all of it is, and goes well; all of it once more.
    """
    with airflow_of(s3) as proxy:
        directory = tmp_path_factory.mktemp("cleared")
        home = directory / "airflow"
        asked = on_emr(proxy, s3, home, directory)
        own = {
            "EMR_ENSEMBLES_EMR_TRAINING_SCHEDULE": "never",
            # Airflow 3.2 takes a task that is deferred for a moment only for one that was killed.
            "EMR_ENSEMBLES_POLL_SECONDS": "5",
        }
        with served(home, DAGS, DAG, asked.environment(**own)) as (airflow, person):
            asked.acting.fails["boost"] = UserError("the label has nulls")
            killed = _killed_when_it_has_added_a_step(airflow, proxy)
            found = Story(asked, airflow, person, person.trigger(DAG, DATE, asked.conf))
            found.end()
            assert len(killed) == 1
            asked.acting.fails.clear()
            person.clear(DAG, found.run, only_failed=True)
            found.end()
            person.clear(DAG, found.run)
            found.end()
            person.clear(DAG, found.run)
            found.end()
            yield found


def _killed_when_it_has_added_a_step(airflow: ServedAirflow, proxy: Lossy) -> list[int]:
    """Has the process that adds the first step end, before it hears of it; gets its id."""
    killed: list[int] = []
    port = urlsplit(proxy.url).port

    def asks(process: psutil.Process) -> bool:
        with suppress(psutil.Error):
            return any(each.raddr and each.raddr.port == port for each in process.net_connections())
        return False

    def kill(said: dict[str, Any]) -> dict[str, Any]:
        if not killed:
            every = psutil.Process(airflow.process.pid).children(recursive=True)
            for each in filter(asks, every):
                each.kill()
                killed.append(each.pid)
        return said

    proxy.change("AddJobFlowSteps", kill)
    return killed


def test_a_task_that_was_killed_when_it_had_added_a_step_finds_it_when_it_is_tried_again(
    story: Story,
) -> None:
    failed = story.seen[0]
    assert failed.tries["prepare"] == 2
    assert [each for each in failed.jobs if each[0] == "prepare"] == [("prepare", "COMPLETED")]
    assert "is there already" in story.said("prepare")


def test_a_run_that_is_cleared_goes_on_under_its_name_where_it_was_on_another_cluster(
    story: Story,
) -> None:
    failed, _, cleared, _ = story.seen
    assert (failed.state, failed.tasks["boost"]) == ("failed", "failed"), story.said("boost")
    assert failed.created == failed.clusters[0]
    assert failed.states == ["TERMINATED"]
    assert story.person.runs(DAG) == [story.run]
    assert cleared.state == "success", cleared.tasks
    assert len(cleared.clusters) == 2
    # What `create` had returned the first time was there until it returned this.
    assert cleared.created == cleared.clusters[1]
    assert {cleared.tasks[job] for job in ("prepare", "bag", "deep")} == {"skipped"}
    assert cleared.jobs[len(failed.jobs) :] == [
        (job, "COMPLETED") for job in ("boost", "score", "report")
    ]
    assert cleared.states == ["TERMINATED", "TERMINATED"]
    output = f"{story.asked.base}/output/{DATE}"
    (run_id,) = list_runs(output)
    record = read_run(RunPlace(output, run_id))
    assert (record["outcome"], set(record["jobs"])) == ("success", set(JOBS))


def test_where_only_what_failed_is_cleared_the_task_says_that_all_of_it_must_be(
    story: Story,
) -> None:
    failed, partly, _, _ = story.seen
    assert (partly.state, partly.tasks["boost"]) == ("failed", "failed")
    assert partly.clusters == failed.clusters
    assert partly.jobs == failed.jobs
    said = f"cluster {failed.created} is terminated"
    assert said in story.said("boost")
    assert "clear the DAG run" in story.said("boost").partition(said)[2]


def test_a_cleared_run_with_nothing_to_do_has_no_cluster_and_touches_none_that_it_had(
    story: Story,
) -> None:
    _, _, done, again = story.seen
    assert again.state == "success"
    assert set(again.tasks.values()) == {"skipped"}
    assert again.clusters == done.clusters
    assert again.jobs == done.jobs
    assert again.asked_to_end == done.asked_to_end
    # It is still to be seen, so who reads it must know that it is old.
    assert again.created == done.clusters[1]

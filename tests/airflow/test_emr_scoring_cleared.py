"""A run of `emr_scoring` with a partition that cannot be scored, cleared by Airflow's own API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from pipeline import files
from tests.airflow.on_emr import PYTHON, airflow_of, on_emr
from tests.airflow.served import DAGS, served
from tests.cli.models.made import first_champion
from tests.emr.pretended import argument

DAG = "emr_scoring"
DAYS = ("20", "21", "22")

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.timeout(1_800),
    pytest.mark.skipif(not PYTHON.exists(), reason="make .venv-airflow/.made"),
]


@dataclass(frozen=True)
class Seen:
    """What was there when the run had ended."""

    state: str
    tasks: dict[str, str]
    inputs: list[str]
    clusters: list[str]


@pytest.fixture(scope="module")
def seen(s3: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Seen]]:
    """It fails; all of it is cleared while the partition is still bad, and again when it is not."""
    found = []
    with airflow_of(s3) as proxy:
        directory = tmp_path_factory.mktemp("scoring_cleared")
        home = directory / "airflow"
        asked = on_emr(proxy, s3, home, directory)
        for day in DAYS:
            files.write_bytes(f"{asked.base}/table/dt=2026-11-{day}/part.parquet", b"x")
        first_champion(asked.base)
        own = {
            "table": f"{asked.base}/table",
            "registry": f"{asked.base}/champions",
            "overrides": ["promotion.name=churn"],
        }
        environment = asked.environment(
            EMR_ENSEMBLES_EMR_SCORING_SCHEDULE="never", EMR_ENSEMBLES_POLL_SECONDS="5"
        )
        with served(home, DAGS, DAG, environment) as (_, person):
            asked.acting.bad_inputs.append(f"{asked.base}/table/dt=2026-11-20")
            run = person.trigger(DAG, None, {**asked.conf, **own})
            for is_bad in (True, True, False):
                if not is_bad:
                    asked.acting.bad_inputs.clear()
                if found:
                    person.clear(DAG, run)
                state = person.ended(DAG, run)
                steps = [step for each in asked.acting.clusters for step in each.steps]
                inputs = [argument(step.args, "--input").rpartition("=")[2] for step in steps]
                found.append(Seen(state, person.tasks(DAG, run), inputs, asked.acting.states))
            yield found


def test_a_partition_that_cannot_be_scored_is_seen_in_the_run_and_after_a_clear_too(
    seen: list[Seen],
) -> None:
    failed, again, _ = seen
    for each in (failed, again):
        assert (each.state, each.tasks["scored"], each.tasks["terminate"]) == (
            "failed",
            "failed",
            "success",
        )
    assert sorted(failed.inputs) == [f"2026-11-{day}" for day in DAYS]
    assert again.inputs[len(failed.inputs) :] == ["2026-11-20"]


def test_a_cleared_run_whose_last_partition_is_scored_is_a_success(seen: list[Seen]) -> None:
    _, again, done = seen
    assert (done.state, done.tasks["scored"]) == ("success", "success"), done.tasks
    assert done.inputs[len(again.inputs) :] == ["2026-11-20"]
    assert set(done.clusters) == {"TERMINATED"}

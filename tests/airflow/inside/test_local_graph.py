"""The graph and the params of `local_training`."""

from __future__ import annotations

from typing import Any

import pytest

ORDER = {
    "prepare": {"bag", "boost", "deep"},
    "bag": {"score"},
    "boost": {"score"},
    "deep": {"score"},
    "score": {"report"},
    "report": {"promote"},
    "promote": set(),
}


def test_jobs_follow_each_other_as_their_inputs_do(dags: dict[str, Any]) -> None:
    found = {task.task_id: task.downstream_task_ids for task in dags["local_training"].tasks}
    assert found == ORDER


def test_jobs_are_submitted_by_the_projects_own_spark_submit(dags: dict[str, Any]) -> None:
    from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator

    from emr_ensembles import project

    submit = str(project.home() / ".venv" / "bin" / "spark-submit")
    jobs = [task for task in dags["local_training"].tasks if task.task_id != "promote"]
    assert all(isinstance(task, SparkSubmitOperator) for task in jobs)
    assert {task._spark_binary for task in jobs} == {submit}
    assert [task.application for task in jobs] == [project.job_file(task.task_id) for task in jobs]


def test_jobs_run_one_after_the_other_where_no_pool_counts_the_clusters_room(
    dags: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from emr_ensembles import pools
    from emr_ensembles.job_operator import JobOperator

    assert dags["local_training"].max_active_tasks == 1
    # That is of one run; the runs of a back-fill at least do no job twice at once.
    jobs = [task for task in dags["local_training"].tasks if isinstance(task, JobOperator)]
    assert [task.max_active_tis_per_dag for task in jobs] == [1] * 6
    monkeypatch.setenv(pools.POOL_VARIABLE, "spark")
    assert pools.at_once() == {}
    job = JobOperator(job="boost")
    assert (job.pool, job.max_active_tis_per_dag) == ("spark", None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("config", ""),
        ("config", 7),
        ("output", None),
        ("overrides", "boosting.rounds=50"),
        ("overrides", ["boosting.rounds"]),
        ("overrides", ["=50"]),
        ("trainers", []),
        ("trainers", ["bag", "bag"]),
        ("trainers", ["bagging"]),
        ("registry", ""),
        ("connection", "spark://127.0.0.1:7077"),
    ],
)
def test_a_param_that_makes_no_sense_is_refused(
    dags: dict[str, Any], name: str, value: object
) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError):
        dags["local_training"].params.get_param(name).resolve(value)


def test_a_scheduled_run_is_for_the_day_that_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    from emr_ensembles import defaults

    timetable = defaults.schedule("local_training")
    assert timetable is not None
    assert timetable.expression == "0 0 * * *"
    assert type(timetable).__name__ == "CronDataIntervalTimetable"
    monkeypatch.setenv("EMR_ENSEMBLES_LOCAL_TRAINING_SCHEDULE", "never")
    assert defaults.schedule("local_training") is None

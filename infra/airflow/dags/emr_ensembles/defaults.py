"""What all DAGs have alike: retries, limits of time, callbacks, when they run."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import CronDataIntervalTimetable

from emr_ensembles import hooks

NEVER = "never"

_DAILY = "0 0 * * *"


def task_defaults() -> dict[str, Any]:
    """What all tasks have, unless one says otherwise."""
    return {
        "owner": "emr-ensembles",
        "retries": 2,
        "retry_delay": timedelta(minutes=1),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=15),
        "execution_timeout": timedelta(hours=8),
        "on_failure_callback": hooks.task_failed,
    }


def dag_defaults() -> dict[str, Any]:
    """What all DAGs have; arguments of `@dag`."""
    return {
        "default_args": task_defaults(),
        "start_date": datetime(2000, 1, 1, tzinfo=UTC),  # the earliest date of a back-fill
        "catchup": False,
        "is_paused_upon_creation": True,
        "max_active_runs": 1,
        "dagrun_timeout": timedelta(hours=24),
        "on_success_callback": hooks.run_succeeded,
        "on_failure_callback": hooks.run_failed,
        "deadline": hooks.deadline(),
        "tags": ["emr-ensembles"],
    }


def schedule(dag_id: str) -> CronDataIntervalTimetable | None:
    """When a DAG runs: daily, for the day that has just ended, or as a variable says.

    `EMR_ENSEMBLES_<DAG>_SCHEDULE` is a cron expression in UTC, or `never`.
    """
    cron = os.environ.get(f"EMR_ENSEMBLES_{dag_id.upper()}_SCHEDULE") or _DAILY
    return None if cron == NEVER else CronDataIntervalTimetable(cron, timezone="UTC")

"""Runs a DAG for a date to its end, in Airflow's own environment, as `airflow dags test` does.

A program of the tests of this folder, which run in the project's environment; retries follow at
once. Prints the states as JSON, after all that Airflow says.
"""

from __future__ import annotations

import json
import os
import sys
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.dag_processing.dagbag import BundleDagBag
from airflow.models.asset import AssetEvent
from airflow.utils.session import create_session
from sqlalchemy import select


def main() -> None:
    """Run it, and tell how it ended."""
    dag_id, date, conf = sys.argv[1:4]
    folder = os.environ["AIRFLOW__CORE__DAGS_FOLDER"]
    sys.path.insert(0, folder)  # as Airflow has it for the files of a DAG bundle
    bag = BundleDagBag(folder, bundle_path=folder, bundle_name="dags-folder")
    dag = bag.dags[dag_id]
    for task in dag.tasks:
        task.retry_delay = timedelta(0)
        task.retry_exponential_backoff = 0
    moment = None if date == "none" else datetime.fromisoformat(date).replace(tzinfo=UTC)
    run = dag.test(logical_date=moment, run_conf=json.loads(conf))
    found = run.get_task_instances()
    told = {
        "state": str(run.state),
        "tasks": {task.task_id: str(task.state) for task in found},
        "tries": {task.task_id: task.try_number for task in found},
        "mapped": mapped_of(found),
        "events": events_of(run.run_id),
    }
    sys.stdout.write(f"\nANSWER{json.dumps(told)}\n")


def mapped_of(found: list[Any]) -> dict[str, dict[str, str]]:
    """State of each mapped task, by the name that its template gives it."""
    told: dict[str, dict[str, str]] = defaultdict(dict)
    for each in found:
        if each.map_index >= 0:
            told[each.task_id][str(each.rendered_map_index)] = str(each.state)
    return told


def events_of(run_id: str) -> dict[str, list[dict[str, Any]]]:
    """What a run's tasks have told of each asset."""
    told: dict[str, list[dict[str, Any]]] = defaultdict(list)
    with create_session() as session:
        for event in session.scalars(select(AssetEvent).filter_by(source_run_id=run_id)):
            told[event.asset.name].append(event.extra)
    return told


if __name__ == "__main__":
    main()

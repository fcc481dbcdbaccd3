"""Runs a DAG for a date to its end, in Airflow's own environment, as `airflow dags test` does.

A program of the tests of this folder, which run in the project's environment; retries follow at
once. Prints the states as JSON, after all that Airflow says.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime, timedelta

from airflow.dag_processing.dagbag import BundleDagBag


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
    told = {
        "state": str(run.state),
        "tasks": {task.task_id: str(task.state) for task in run.get_task_instances()},
        "tries": {task.task_id: task.try_number for task in run.get_task_instances()},
    }
    sys.stdout.write(f"\nANSWER{json.dumps(told)}\n")


if __name__ == "__main__":
    main()

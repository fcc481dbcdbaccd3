"""The first task on EMR: is there anything to do, and would it work; nothing is launched yet."""

from __future__ import annotations

import json
import logging
from typing import Any

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowSkipException

from emr_ensembles import naming, project
from emr_ensembles.asked_cluster import AskedCluster
from emr_ensembles.day import Day
from emr_ensembles.on_emr import PLAN, told

logger = logging.getLogger(__name__)


@task(task_id=PLAN)
def plan_training(**context: Any) -> dict[str, Any]:
    """Hold the jobs of a date against the cluster file; skipped where all of them are done."""
    day = Day.of(context)
    return planned(context, "emr_plan", day.date, day.arguments)


def planned(context: Any, script: str, date: str, arguments: list[str]) -> dict[str, Any]:
    """Bring what the cluster would need, and have a program say what it would do.

    Parameters
    ----------
    context
        Airflow's.
    script : str
        The program, of `in_project/`.
    date : str
        The day.
    arguments : list of str
        What else it is asked.
    """
    with told():
        stagings = AskedCluster.of(context).stagings()
        for each in stagings:
            each.bring()
    records = [part for each in stagings for part in ("--record", each.record_uri)]
    said = project.ask(script, [*records, *arguments], naming.variables_of(date))
    answer: dict[str, Any] = json.loads(said)
    for line in answer["reasons"]:
        logger.info("%s", line)
    if not answer["needed"]:
        raise AirflowSkipException("nothing is to be done: no cluster is needed")
    return answer

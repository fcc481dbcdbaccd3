"""The task that makes a date's best model the champion, if it is better, and tells other DAGs."""

from __future__ import annotations

import json
from typing import Any

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowSkipException

from emr_ensembles import naming, project
from emr_ensembles.assets import PUBLISHED_MODEL
from emr_ensembles.day import Day


@task(outlets=[PUBLISHED_MODEL], trigger_rule="none_failed")
def promote(**context: Any) -> dict[str, Any]:
    """Hold the best model of the report against the champion.

    Skipped where the champion stays, so that an event is told only of a new one.
    """
    day = Day.of(context)
    again = ["--again"] if context["ti"].try_number > 1 else []
    said = project.ask("promotion", [*day.arguments, *again], naming.variables_of(day.date))
    outcome: dict[str, Any] = json.loads(said)
    if not outcome["promoted"]:
        raise AirflowSkipException(outcome["reason"])
    context["outlet_events"][PUBLISHED_MODEL].extra = {
        "date": day.date,
        "output": day.output,
        "champion": outcome["champion"],
    }
    return outcome

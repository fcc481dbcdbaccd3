"""Scoring the partitions of a table that are new, by the champion: a plan, and a step for each."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Asset, task

from emr_ensembles import naming, project
from emr_ensembles.emr_plan import planned
from emr_ensembles.on_emr import PLAN
from emr_ensembles.step_operator import StepOperator

SCORED_PARTITIONS = Asset("emr_ensembles_scored_partitions")
"""Partitions were scored. The event's `extra` says of which table and dates."""


@task(task_id=PLAN)
def plan_scoring(**context: Any) -> dict[str, Any]:
    """Find the partitions without scores; skipped where there are none, or no champion."""
    day = naming.day_of(context["dag_run"])
    # Only a run of a date is for one: a new model, or a person, asks for all that is left.
    only = ["--only"] if context["dag_run"].logical_date is not None else []
    return planned(context, "emr_scores", day, [*_arguments(context), *only])


class ScorePartitions(StepOperator):
    """Score each partition that the plan has found, as a step of its own."""

    program = "emr_score_steps"

    def __init__(self, **given: Any) -> None:
        super().__init__(**{"task_id": "score", **given})

    def asked(self, context: Any) -> tuple[str, list[str]]:
        """The partitions, with the config."""
        dates = context["ti"].xcom_pull(task_ids=PLAN)["needed"]
        return naming.day_of(context["dag_run"]), [
            *_arguments(context),
            *(part for date in dates for part in ("--date", date)),
        ]


@task(task_id="tell", outlets=[SCORED_PARTITIONS])
def tell_scores(**context: Any) -> None:
    """Tell other DAGs what has been scored."""
    context["outlet_events"][SCORED_PARTITIONS].extra = {
        "table": context["params"]["table"],
        "output": context["params"]["output"],
        "dates": context["ti"].xcom_pull(task_ids=PLAN)["needed"],
    }


def _arguments(context: Any) -> list[str]:
    """The config and the table, as `emr_scores.py` and `emr_score_steps.py` take them."""
    params = context["params"]
    output = project.placed(params["output"]).rstrip("/")
    keys = [*params["overrides"], f"output={output}"]
    if params["registry"]:
        keys.append(f"promotion.registry={project.placed(params['registry'])}")
    return [
        *("--config", project.placed(params["config"])),
        *(part for key in keys for part in ("--set", key)),
        *("--table", params["table"], "--key", params["partition"], "--format", params["format"]),
        *("--most", str(params["most"])),
    ]

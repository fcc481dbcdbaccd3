"""Scoring the partitions of a table that are new, by the champion: a plan, and a task for each."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Asset, task

from emr_ensembles import naming, project
from emr_ensembles.day import config_arguments
from emr_ensembles.emr_plan import planned
from emr_ensembles.on_emr import PLAN
from emr_ensembles.step_operator import StepOperator, step_defaults

SCORED_PARTITIONS = Asset("emr_ensembles_scored_partitions")
"""A partition was scored. The event's `extra` says of which table and date."""

_SCHEDULED = "scheduled"


@task(task_id=PLAN)
def plan_scoring(**context: Any) -> dict[str, Any]:
    """Find the partitions without scores; skipped where there are none, or no champion."""
    day = naming.day_of(context["dag_run"])
    only = ["--only"] if is_of_one_date(context["dag_run"]) else []
    most = ["--most", str(context["params"]["most"])]
    return planned(context, "emr_scores", day, [*_arguments(context), *most, *only])


def is_of_one_date(dag_run: Any) -> bool:
    """Whether a run is for the partition of its date alone: a back-fill, or one asked for by date.

    The daily run, and that of a new model, take all that is left: a partition may come late.
    """
    return dag_run.logical_date is not None and str(dag_run.run_type) != _SCHEDULED


@task(task_id="partitions")
def partitions(planned: dict[str, Any]) -> list[str]:
    """The dates that the plan has found: Airflow makes tasks of a whole answer only."""
    found: list[str] = planned["needed"]
    return found


class ScorePartition(StepOperator):
    """Score one partition that the plan has found.

    Parameters
    ----------
    date : str
        The partition's.
    """

    program = "emr_score_step"

    def __init__(self, *, date: str, **given: Any) -> None:
        super().__init__(**given)
        self.date = date

    @classmethod
    def each(cls, dates: Any) -> Any:
        """A task for each of the dates: one that fails keeps no other from being scored."""
        return cls.partial(
            task_id="score",
            map_index_template="{{ task.date }}",
            outlets=[SCORED_PARTITIONS],
            **step_defaults(),
        ).expand(date=dates)

    def asked(self, context: Any) -> tuple[str, list[str]]:
        """The partition, with the config."""
        return self.date, [*_arguments(context), "--date", self.date]

    def execute_complete(self, context: Any, event: dict[str, Any] | None = None) -> str:
        """Tell other DAGs what has been scored."""
        found = super().execute_complete(context, event)
        context["outlet_events"][SCORED_PARTITIONS].extra = {
            "table": context["params"]["table"],
            "output": context["params"]["output"],
            "date": self.date,
        }
        return found


def _arguments(context: Any) -> list[str]:
    """The config and the table, as `emr_scores.py` and `emr_score_step.py` take them."""
    params = context["params"]
    output = project.placed(params["output"]).rstrip("/")
    return [
        *config_arguments(params, output),
        *("--table", params["table"], "--key", params["partition"], "--format", params["format"]),
    ]

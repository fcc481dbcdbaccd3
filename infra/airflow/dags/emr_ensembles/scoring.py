"""Scoring the partitions of a table that are new, by the champion: a plan, and a task for each."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Asset, TriggerRule, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from emr_ensembles import naming, project
from emr_ensembles.assets import PUBLISHED_MODEL
from emr_ensembles.day import config_arguments
from emr_ensembles.emr_plan import planned
from emr_ensembles.on_emr import PLAN, TERMINATE
from emr_ensembles.step_operator import StepOperator, step_defaults

SCORED_PARTITIONS = Asset("emr_ensembles_scored_partitions")
"""A partition was scored. The event's `extra` says of which table and date."""

_SCHEDULED = "scheduled"


@task(task_id=PLAN)
def plan_scoring(**context: Any) -> dict[str, Any]:
    """Find the partitions without scores; skipped where there are none, or no champion."""
    run, params = context["dag_run"], context["params"]
    _require_own_registry(params["registry"], context["triggering_asset_events"])
    only = ["--only"] if is_of_one_date(run) else []
    # The day of a run that is for none is not over yet: its partition may still be written.
    ended = [] if run.logical_date else ["--ended"]
    given = [*_arguments(context), "--most", str(params["most"]), *only, *ended]
    return planned(context, "emr_scores", naming.day_of(run), given)


def is_of_one_date(dag_run: Any) -> bool:
    """Whether a run is for the partition of its date alone: a back-fill, or one asked for by date.

    The daily run, and that of a new model, take all that is left: a partition may come late.
    """
    return dag_run.logical_date is not None and dag_run.run_type != _SCHEDULED


def _require_own_registry(registry: str | None, events: Any) -> None:
    """Skip a run that a model has started which this DAG would not score by."""
    champions = [
        (event.extra or {}).get("champion", {}).get("uri", "")
        for event in events.get(PUBLISHED_MODEL, ())
    ]
    if registry is None or not champions:
        return
    own = project.placed(registry).removeprefix("file://").rstrip("/")
    if not any(uri.removeprefix("file://").startswith(f"{own}/") for uri in champions):
        raise AirflowSkipException(f"{', '.join(champions)}: not in {own}, by which is scored")


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


@task(task_id="scored", trigger_rule=TriggerRule.ALL_DONE)
def scored(**context: Any) -> None:
    """Fail where anything before has: the run is then seen to have failed.

    A trigger rule alone would not do: it is skipped with the first partition that is, and after a
    clear it waits for partitions that are no longer planned.
    """
    dag_run, ti = context["dag_run"], context["ti"]
    before = [name for name in context["dag"].task_ids if name not in (ti.task_id, TERMINATE)]

    def count(*states: str) -> int:
        return int(
            ti.get_ti_count(
                dag_id=ti.dag_id, task_ids=before, run_ids=[dag_run.run_id], states=list(states)
            )
        )

    if failed := count("failed", "upstream_failed"):
        raise AirflowFailException(f"{failed} of the tasks before have failed: see their logs")
    if not count("success"):
        raise AirflowSkipException("there was nothing to do")


def _arguments(context: Any) -> list[str]:
    """The config and the table, as `emr_scores.py` and `emr_score_step.py` take them."""
    params = context["params"]
    output = project.placed(params["output"]).rstrip("/")
    return [
        *config_arguments(params, output),
        *("--table", params["table"], "--key", params["partition"], "--format", params["format"]),
    ]

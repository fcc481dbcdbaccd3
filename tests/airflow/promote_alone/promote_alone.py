"""The task `promote`, without what comes before it; tried again at once."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import dag

from emr_ensembles import defaults, params
from emr_ensembles.promotion import promote


@dag(
    dag_id="promote_alone",
    schedule=None,
    params={
        "config": params.config(),
        "output": params.output("unused"),
        "overrides": params.overrides(),
        "registry": params.registry("unused"),
    },
    **{
        **defaults.dag_defaults(),
        "default_args": {
            **defaults.task_defaults(),
            "retry_delay": timedelta(0),
            "retry_exponential_backoff": False,
        },
    },
)
def promote_alone() -> None:
    """One task."""
    promote()


promote_alone()

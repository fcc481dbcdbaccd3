"""What the date of a DAG run names: the partition, the output, so that a date has one place."""

from __future__ import annotations

from typing import Any

DATE_VARIABLE = "EMR_ENSEMBLES_DATE"
"""What jobs take `${date}` from; the same as `pipeline.config.DATE_VARIABLE`."""


def day_of(dag_run: Any) -> str:
    """The UTC day that a DAG run is for: of its logical date, else of when it was due.

    A run that an asset started, or a person without naming a date, has no logical date.
    """
    moment = dag_run.logical_date or dag_run.run_after
    return f"{moment:%Y-%m-%d}"


def output_of(base: str, day: str) -> str:
    """Where a day's run writes."""
    return f"{base.rstrip('/')}/{day}"


def variables_of(day: str) -> dict[str, str]:
    """The variables by which jobs know the day."""
    return {DATE_VARIABLE: day}

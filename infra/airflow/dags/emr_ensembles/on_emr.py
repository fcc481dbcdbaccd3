"""What all that asks EMR has alike: how often, whose credentials, what becomes of errors.

Credentials and region are those of the process (`AWS_…`, a role): the same that the package itself
and the project's programs use.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from emr_ensembles import defaults
from pipeline.errors import EnsemblesError, UserError

POLL_VARIABLE = "EMR_ENSEMBLES_POLL_SECONDS"

CREATE = "create"
"""The task that creates the cluster, and returns its id."""

PLAN = "plan"
"""The task that says whether there is anything to do, and what the cluster must be like."""

TERMINATE = "terminate"
"""The task that ends the cluster."""

# What a task of a cleared run has returned stays until it runs again, and `create` may not.
CLUSTER_ID = (
    f"{{{{ (ti.xcom_pull(task_ids='{PLAN}') and ti.xcom_pull(task_ids='{CREATE}')) or '' }}}}"
)
"""For operators: the cluster of the DAG run, or nothing where it needs none."""


def dag_defaults() -> dict[str, Any]:
    """What DAGs on EMR have alike; arguments of `@dag`.

    A run that is over its time has all of its tasks skipped, and the teardown is one of them: the
    tasks' own limits, each of which leads to the teardown, must do.
    """
    return {**defaults.dag_defaults(), "dagrun_timeout": None}


def poll_s() -> int:
    """Seconds between two questions; EMR throttles whoever asks much more often than by default."""
    text = os.environ.get(POLL_VARIABLE) or "30"
    if not text.isdecimal() or not int(text):
        raise ValueError(f"{POLL_VARIABLE}: {text!r} is not a number of seconds")
    return int(text)


def waiting(hours: float) -> dict[str, Any]:
    """Arguments of the provider's operators that wait in the triggerer for so long at most."""
    every = poll_s()
    return {
        "deferrable": True,
        "waiter_delay": every,
        "waiter_max_attempts": int(hours * 3600 / max(every, 1)),
        "aws_conn_id": None,
    }


def cluster_of(context: Any) -> str | None:
    """The cluster of the DAG run; None where it needs none."""
    pull = context["ti"].xcom_pull
    found = pull(task_ids=PLAN) and pull(task_ids=CREATE)
    return str(found) if found else None


@contextmanager
def told() -> Iterator[None]:
    """Errors of the package as Airflow's: no retry mends what the user must."""
    try:
        yield
    except UserError as error:
        raise AirflowFailException(_text(error)) from None
    except EnsemblesError as error:
        raise AirflowException(_text(error)) from None


def _text(error: EnsemblesError) -> str:
    return "\n".join([str(error), *getattr(error, "__notes__", [])])

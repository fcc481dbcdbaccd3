"""The one place for notifications and deadlines.

Until something else is named, an event is a line in the log, and there is no deadline:

- `EMR_ENSEMBLES_NOTIFY=package.module:function` names a function `(event, context)` of yours.
  Events are `task_failed` (after the last try), `run_failed`, `run_succeeded`, `deadline_missed`.
- `EMR_ENSEMBLES_DEADLINE_MINUTES=90` is how long a run may take from when it is queued.
  The triggerer, which calls `deadline_missed`, does not know the folder of the DAGs: have its
  `PYTHONPATH` name it.
"""

from __future__ import annotations

import importlib
import logging
import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from airflow.sdk import AsyncCallback, DeadlineAlert, DeadlineReference

logger = logging.getLogger(__name__)

NOTIFY_VARIABLE = "EMR_ENSEMBLES_NOTIFY"
DEADLINE_VARIABLE = "EMR_ENSEMBLES_DEADLINE_MINUTES"


def task_failed(context: Any) -> None:
    """Tell of a task that has failed for good."""
    _notify("task_failed", context)


def run_failed(context: Any) -> None:
    """Tell of a run that has failed."""
    _notify("run_failed", context)


def run_succeeded(context: Any) -> None:
    """Tell of a run that has succeeded."""
    _notify("run_succeeded", context)


async def deadline_missed(**given: Any) -> None:
    """Tell of a run that takes longer than it may; it goes on."""
    _notify("deadline_missed", given.get("context", given))


def deadline() -> DeadlineAlert | None:
    """When a run is late."""
    minutes = os.environ.get(DEADLINE_VARIABLE)
    if not minutes:
        return None
    # A SyncCallback ends the scheduler of Airflow 3.2.2 where its database is SQLite.
    return DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=timedelta(minutes=_number(minutes)),
        callback=AsyncCallback(deadline_missed),
    )


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{DEADLINE_VARIABLE}: {text!r} is not a number of minutes") from None


def _notify(event: str, context: Any) -> None:
    name = os.environ.get(NOTIFY_VARIABLE)
    if not name:
        logger.info("%s: %s", event, _subject(context))
        return
    _function(name)(event, context)


def _function(name: str) -> Callable[[str, Any], None]:
    """The function that `module:function` names."""
    module, _, function = name.partition(":")
    found: Callable[[str, Any], None] = getattr(importlib.import_module(module), function)
    return found


def _subject(context: Any) -> str:
    """What a line in the log says of a task or a run."""
    run = context.get("dag_run")
    names = [
        context.get("task_instance_key_str"),
        context.get("run_id") or (run.get("dag_run_id") if isinstance(run, dict) else None),
        context.get("reason"),
    ]
    return ", ".join(str(name) for name in names if name) or str(run)

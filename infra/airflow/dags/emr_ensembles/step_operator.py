"""Jobs as steps of the DAG run's cluster, unless what they would make is there already."""

from __future__ import annotations

import json
from abc import abstractmethod
from datetime import timedelta
from typing import Any, NoReturn

from airflow.providers.amazon.aws.operators.emr import EmrAddStepsOperator
from airflow.sdk.exceptions import AirflowException, AirflowSkipException

from emr_ensembles import emr_pool, naming, project
from emr_ensembles.day import Day
from emr_ensembles.on_emr import CLUSTER_ID, waiting
from emr_ensembles.once_hook import OnceHook
from emr_ensembles.params import TRAINERS

_HOURS = 24


class StepOperator(EmrAddStepsOperator):
    """Add steps that the cluster does not have, and wait in the triggerer until they have ended.

    A retry finds the steps of the try before by their names. One that failed is done again, as a
    step of another name.
    """

    aws_hook_class = OnceHook
    program = "emr_step"
    """Of `in_project/`: tells the steps that there must be, as JSON."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**{**step_defaults(), **given})

    @abstractmethod
    def asked(self, context: Any) -> tuple[str, list[str]]:
        """The date, and what the programs are asked."""

    def execute(self, context: Any) -> list[str]:
        """Ask which steps there must be, and see that they are."""
        if not self.job_flow_id:
            raise AirflowSkipException("the DAG run has no cluster: there is nothing to do")
        answer = json.loads(self._ask(self.program, context))
        if not answer["steps"]:
            raise AirflowSkipException(answer["reason"])
        self.log.info("%s", answer["reason"])
        self.steps = answer["steps"]
        return super().execute(context)

    def execute_complete(self, context: Any, event: dict[str, Any] | None = None) -> str:
        """Say why steps failed, with their last lines."""
        told = event or {}
        if told.get("status") == "success":
            return super().execute_complete(context, event)
        ids = [part for each in told.get("value") or [] for part in ("--step", each)]
        if not ids:
            raise AirflowException(f"{self.task_id}: {told.get('message', 'nothing was told')}")
        said = self._ask("emr_failure", context, ids)
        raise AirflowException(f"{said}{told.get('message', '')}")

    def defer(self, **given: Any) -> NoReturn:
        """Wait no longer than the task may take: Airflow does not hold the wait to that."""
        super().defer(**{"timeout": self.execution_timeout, **given})

    def _ask(self, script: str, context: Any, more: list[str] | None = None) -> str:
        date, arguments = self.asked(context)
        given = ["--cluster", str(self.job_flow_id), *arguments, *(more or [])]
        return project.ask(script, given, naming.variables_of(date))


def step_defaults() -> dict[str, Any]:
    """How long a step may take, and where: arguments of its task.

    A mapped task has to be told them: else it gets the DAG's.
    """
    limit = {"execution_timeout": timedelta(hours=_HOURS)}
    return {"job_flow_id": CLUSTER_ID, "steps": [], **limit, **waiting(_HOURS)}


class JobStep(StepOperator):
    """One job, for the day of the DAG run.

    Parameters
    ----------
    job : str
        The job's name, and the task's.
    """

    def __init__(self, *, job: str, **given: Any) -> None:
        pool = emr_pool.trainers_pool() if job in TRAINERS else None
        own = {"task_id": job, **({"pool": pool} if pool else {})}
        super().__init__(**{**own, **given})
        self.job = job

    def asked(self, context: Any) -> tuple[str, list[str]]:
        """The job, with the day's config."""
        day = Day.of(context)
        return day.date, ["--job", self.job, *day.arguments]

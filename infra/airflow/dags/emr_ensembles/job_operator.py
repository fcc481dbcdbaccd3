"""One job by the project's spark-submit, unless what it would make is there already."""

from __future__ import annotations

import json
import signal
from functools import partial
from typing import Any

from airflow.providers.apache.spark.hooks.spark_submit import SparkSubmitHook
from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from emr_ensembles import naming, pools, project
from emr_ensembles.day import Day
from emr_ensembles.params import TRAINERS
from pipeline.cli.runs.submit import end, end_with_parent
from pipeline.errors import UserError

PROPERTIES = "properties-file"
"""In a connection's extra: a file with Spark settings, a path in the clone or an absolute one."""


class JobOperator(SparkSubmitOperator):
    """Submit `jobs/<job>.py` for the day of the DAG run.

    Skipped when the job's output is there, made from what it would be made from now; so clearing a
    task, or running a date again, does nothing twice. A retry goes on from the last checkpoint.

    Parameters
    ----------
    job : str
        The job's name, and the task's.
    """

    def __init__(self, *, job: str, **given: Any) -> None:
        super().__init__(
            task_id=job,
            application=project.job_file(job),
            spark_binary=project.program("spark-submit"),
            name=f"airflow-{job}",
            **pools.of_job(),
            **given,
        )
        self.job = job

    def execute(self, context: Any) -> None:
        """Ask whether the job must be done, and do it."""
        params, day = context["params"], Day.of(context)
        if self.job in TRAINERS and self.job not in params["trainers"]:
            raise AirflowSkipException(f"{self.job}: not among the trainers that were asked for")
        answer = self._ask(day)
        if not answer["must_run"]:
            raise AirflowSkipException(f"{self.job}: kept, {answer['reason']}")
        self.log.info("%s: %s", self.job, answer["reason"])
        self._connect(params["connection"])
        self.application_args = [*day.arguments, "--run-id", answer["run_id"]]
        self.env_vars = {**answer["environment"], **naming.variables_of(day.date)}
        self.conf = answer["conf"]
        self._hook = None  # that of an earlier try has an earlier try's arguments
        try:
            super().execute(context)
        except AirflowException as error:
            if self._exit_code() == UserError.exit_code:
                raise AirflowFailException(str(error)) from None
            raise

    def on_kill(self) -> None:
        """End the job as Ctrl-C would: it leaves its record, and its executors go."""
        process = self._process()
        if process is not None and process.poll() is None:
            end(process, signal.SIGTERM)

    def _ask(self, day: Day) -> dict[str, Any]:
        arguments = ["--job", self.job, *day.arguments]
        said = project.ask("submission", arguments, naming.variables_of(day.date))
        answer: dict[str, Any] = json.loads(said)
        return answer

    def _connect(self, connection_id: str) -> None:
        # The hook would take YARN for a connection that is not there.
        connection = BaseHook.get_connection(connection_id)
        self._conn_id = connection_id
        properties = connection.extra_dejson.get(PROPERTIES)
        self.properties_file = None if properties is None else project.placed(properties)

    def _get_hook(self) -> SparkSubmitHook:
        hook = super()._get_hook()
        # Relative paths mean what they mean to `_ask`; signals reach the JVM and its program alike.
        submit = partial(
            hook.submit, cwd=project.home(), process_group=0, preexec_fn=end_with_parent
        )
        hook.submit = submit  # type: ignore[method-assign]
        return hook

    def _process(self) -> Any:
        return None if self._hook is None else self._hook._submit_sp

    def _exit_code(self) -> int | None:
        process = self._process()
        return None if process is None else process.returncode

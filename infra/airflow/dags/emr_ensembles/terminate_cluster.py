"""The teardown of a DAG run on EMR: the cluster ends, whatever has happened."""

from __future__ import annotations

from typing import Any

from airflow.providers.amazon.aws.operators.emr import EmrTerminateJobFlowOperator
from airflow.sdk.exceptions import AirflowSkipException

from emr_ensembles.left_clusters import end_patiently
from emr_ensembles.on_emr import CLUSTER_ID, PLAN, TERMINATE, told, waiting

_HOURS = 1.0


class TerminateCluster(EmrTerminateJobFlowOperator):
    """Have the cluster end, and wait in the triggerer until it costs no more.

    Where a plan succeeded and nobody has told of a cluster, one may be there all the same: `create`
    was marked by hand while it waited. It is looked for by its name.
    """

    def __init__(self, **given: Any) -> None:
        own = {"task_id": TERMINATE, "job_flow_id": CLUSTER_ID, "retries": 5, **waiting(_HOURS)}
        super().__init__(**{**own, **given})

    def execute(self, context: Any) -> None:
        """Ask for its end, which does nothing to one that has ended."""
        if not self.job_flow_id:
            if context["ti"].xcom_pull(task_ids=PLAN):
                end_patiently(context)
            raise AirflowSkipException("the DAG run has no cluster")
        super().execute(context)

    def execute_complete(self, context: Any, event: dict[str, Any] | None = None) -> None:
        """Ask for its state: to the provider one that had ended by errors is not ended."""
        from pipeline.emr.running.api import Emr

        with told():
            if Emr(self.region_name).cluster(self.job_flow_id).has_ended:
                self.log.info("cluster %s has ended", self.job_flow_id)
                return
        super().execute_complete(context, event)

"""The setup of a DAG run on EMR: its cluster, unless it is there."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.operators.emr import EmrCreateJobFlowOperator
from airflow.providers.amazon.aws.utils.waiter import WaitPolicy
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from emr_ensembles import hooks
from emr_ensembles.asked_cluster import AskedCluster
from emr_ensembles.emr_params import MOST_LISTS
from emr_ensembles.launchable import launchable_of
from emr_ensembles.left_clusters import end_what_is_left, ended_with_the_last_try
from emr_ensembles.on_emr import CREATE, PLAN, told, waiting
from emr_ensembles.once_hook import OnceHook

if TYPE_CHECKING:
    from pipeline.emr.running.api import Emr
    from pipeline.emr.running.cluster_staging import ClusterStaging

_HOURS = 1.0
_REMEMBERED = timedelta(hours=12)


class CreateCluster(EmrCreateJobFlowOperator):
    """Create the cluster of a DAG run, and wait in the triggerer until it is up.

    A try that follows upon one that AWS had no room for takes the next list of instance types. A
    cluster of this DAG run that is there already, since a worker died, is taken as it is.
    """

    aws_hook_class = OnceHook

    def __init__(self, **given: Any) -> None:
        own = {
            "task_id": CREATE,
            "emr_conn_id": None,
            "wait_for_completion": True,
            "wait_policy": WaitPolicy.WAIT_FOR_COMPLETION,
            "retries": MOST_LISTS,
            "on_failure_callback": [end_what_is_left, hooks.task_failed],
            **waiting(_HOURS),
        }
        super().__init__(**{**own, **given})

    def execute(self, context: Any) -> str | None:
        """Choose the instance types and ask for the cluster."""
        planned = context["ti"].xcom_pull(task_ids=PLAN)
        if not planned:
            raise AirflowSkipException("there is nothing to do")
        with ended_with_the_last_try(context):
            with told():
                chosen = self._chosen(AskedCluster.of(context), planned["cluster"])
            types = ", ".join(chosen.record.settings.core.types)
            self.log.info("cluster %s: core nodes of %s", chosen.name, types)
            self.job_flow_overrides = chosen.request
            return super().execute(context)

    def resume_execution(
        self, next_method: str, next_kwargs: dict[str, Any] | None, context: Any
    ) -> Any:
        """Go on after the wait, which may itself have failed."""
        with ended_with_the_last_try(context):
            return super().resume_execution(next_method, next_kwargs, context)

    def execute_complete(self, context: Any, event: dict[str, Any] | None = None) -> str:
        """Say whether it is up; its state is asked, for the provider takes an ended one for up."""
        from pipeline.cli.emr.created import ended_text
        from pipeline.emr.running.api import Emr
        from pipeline.emr.running.failures import bootstrap_failure

        told_by_trigger = event or {}
        with told():
            cluster = Emr(self.region_name).cluster(str(told_by_trigger.get("job_flow_id")))
            if cluster.is_up:
                return cluster.id
            if cluster.is_active:
                raise AirflowException(
                    f"cluster {cluster.id} is {cluster.state.lower()}, not up: "
                    f"{told_by_trigger.get('message', 'EMR has not said why')}"
                )
            text = ended_text(cluster)
        # What a node cannot install today it cannot install on another type.
        raise (AirflowFailException if bootstrap_failure(cluster) else AirflowException)(text)

    def _chosen(self, asked: AskedCluster, further: Sequence[str]) -> ClusterStaging:
        """The alternative that is there, or is to be asked for; all it needs is staged."""
        from pipeline.emr.running.api import Emr

        emr = Emr(self.region_name)
        stagings = asked.stagings(further)
        there = there_of(stagings, emr, asked.name)
        chosen = there or untried_of(launchable_of(stagings, self.region_name), emr)
        chosen.bring(runs=there is not None)
        return chosen

    def on_kill(self) -> None:
        """Leave the cluster: a retry takes it, and the last failure ends it."""


def there_of(stagings: Sequence[ClusterStaging], emr: Emr, name: str) -> ClusterStaging | None:
    """The alternative whose cluster is active; None where none is.

    Parameters
    ----------
    stagings : sequence of ClusterStaging
        The alternatives.
    emr : Emr
        Whom to ask. Active clusters of the DAG run that are none of these, or not needed beside
        one of them, are ended: nobody else would.
    name : str
        The name in the cluster file, of all of the DAG run's clusters.
    """
    from pipeline.emr.running.find import active_of_file

    by_name = {each.name: each for each in stagings}
    found = None
    for cluster in active_of_file(emr, name):
        if found is None and cluster.name in by_name:
            found = by_name[cluster.name]
        else:
            emr.terminate(cluster.id)
    return found


def untried_of(stagings: Sequence[ClusterStaging], emr: Emr) -> ClusterStaging:
    """The first alternative of those that failed the least of late.

    Parameters
    ----------
    stagings : sequence of ClusterStaging
        In the order of preference.
    emr : Emr
        Whom to ask.
    """
    failed = _failures(emr, [each.name for each in stagings])
    return min(stagings, key=lambda each: failed[each.name])


def _failures(emr: Emr, names: Sequence[str]) -> Counter[str]:
    """By name, how often of late a cluster ended for want of its instance types."""
    from pipeline.emr.running.failures import another_type_may_do

    since = datetime.datetime.now(datetime.UTC) - _REMEMBERED
    ended = [
        each for each in emr.clusters(("TERMINATED_WITH_ERRORS",), since) if each.name in names
    ]
    return Counter(each.name for each in ended if another_type_may_do(emr.cluster(each.id)))

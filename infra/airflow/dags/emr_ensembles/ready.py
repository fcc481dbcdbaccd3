"""Waiting until all nodes of the cluster are there, and each has found itself ready."""

from __future__ import annotations

import logging
from typing import Any

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from emr_ensembles.on_emr import cluster_of, poll_s, told

logger = logging.getLogger(__name__)

_PATIENCE_S = 3_600.0


@task.sensor(
    task_id="ready", poke_interval=poll_s(), timeout=_PATIENCE_S, mode="reschedule", soft_fail=False
)
def ready(**context: Any) -> bool:
    """Whether the nodes are ready; one that is not, or a cluster that has ended, is a failure."""
    from pipeline.cli.emr.created import ended_text, look_text
    from pipeline.cli.emr.verdict_text import verdict_counts, verdict_lines
    from pipeline.emr.running.api import Emr
    from pipeline.emr.running.record import record_of
    from pipeline.emr.running.verdicts import verdict_of
    from pipeline.emr.running.waiting import look_at

    cluster_id = cluster_of(context)
    if cluster_id is None:
        raise AirflowSkipException("the DAG run has no cluster")
    with told():
        emr = Emr()
        look = look_at(emr, cluster_id)
        if not look.cluster.is_active:
            raise AirflowFailException(ended_text(look.cluster))
        if not look.is_whole:
            said = look_text(look)
            logger.info("cluster %s does not have all of its nodes yet: %s", cluster_id, said)
            return False
        found = verdict_of(emr, cluster_id, record_of(look.cluster))
    logger.info("%s", verdict_counts(found))
    if not found.ok and found.is_over:
        raise AirflowFailException("\n".join(verdict_lines(found)))
    return found.ok

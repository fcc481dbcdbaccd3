"""Score the new partitions of a table by the champion, on a cluster of EMR of its own.

Runs daily, and whenever a new model is published, for all partitions without scores; a back-fill
takes those of its dates. The cluster is created when there is something to score, and ended
whatever happens.
"""

from __future__ import annotations

from airflow.sdk import chain, dag
from airflow.sdk.definitions.timetables.assets import AssetOrTimeSchedule

from emr_ensembles import defaults, emr_params, on_emr, params
from emr_ensembles.assets import PUBLISHED_MODEL
from emr_ensembles.create_cluster import CreateCluster
from emr_ensembles.ready import ready
from emr_ensembles.scoring import ScorePartition, partitions, plan_scoring, scored
from emr_ensembles.terminate_cluster import TerminateCluster

DAG_ID = "emr_scoring"

_daily = defaults.schedule(DAG_ID)


@dag(
    dag_id=DAG_ID,
    schedule=AssetOrTimeSchedule(timetable=_daily, assets=[PUBLISHED_MODEL])
    if _daily
    else [PUBLISHED_MODEL],
    params={
        "config": params.config(),
        "output": params.output(emr_params.below_base(f"airflow/{DAG_ID}")),
        "overrides": params.overrides(),
        "registry": params.registry(emr_params.below_base("champions")),
        "table": emr_params.table(),
        "partition": emr_params.partition_key(),
        "format": emr_params.partition_format(),
        "most": emr_params.most_partitions(),
        **emr_params.cluster_params("cpu"),
    },
    doc_md=__doc__,
    **on_emr.dag_defaults(),
)
def emr_scoring() -> None:
    """Each partition is a task, and a step; one whose scores are there is left as it is."""
    plan = plan_scoring().as_setup()
    create, nodes = CreateCluster().as_setup(), ready().as_setup()
    score = ScorePartition.each(partitions(plan))
    # A cluster that nobody could end costs: the run has failed then, too. The steps count because
    # `scored` is a leaf beside it; a leaf before it would be hidden by its success.
    terminate = TerminateCluster().as_teardown(
        setups=[plan, create, nodes], on_failure_fail_dagrun=True
    )
    chain(plan, create, nodes, score, [scored(), terminate])


emr_scoring()

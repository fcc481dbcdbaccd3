"""Prepare, train, score, compare and promote, for one date, on a cluster of EMR of its own.

The cluster is created when there is something to do, and ended whatever happens.
"""

from __future__ import annotations

from airflow.sdk import TriggerRule, chain, dag

from emr_ensembles import defaults, emr_params, on_emr, params
from emr_ensembles.create_cluster import CreateCluster
from emr_ensembles.emr_plan import plan_training
from emr_ensembles.promotion import promote
from emr_ensembles.ready import ready
from emr_ensembles.step_operator import JobStep
from emr_ensembles.terminate_cluster import TerminateCluster

DAG_ID = "emr_training"


@dag(
    dag_id=DAG_ID,
    schedule=defaults.schedule(DAG_ID),
    params={
        "config": params.config(),
        "output": params.output(emr_params.below_base(f"airflow/{DAG_ID}")),
        "overrides": params.overrides(),
        "trainers": emr_params.trainers(),
        "registry": params.registry(emr_params.below_base("champions")),
        **emr_params.cluster_params("g5"),
    },
    doc_md=__doc__,
    **on_emr.dag_defaults(),
)
def emr_training() -> None:
    """Every job is a step; one whose output is there is skipped."""
    plan = plan_training().as_setup()
    create, nodes = CreateCluster().as_setup(), ready().as_setup()
    prepare = JobStep(job="prepare")
    bag, boost, deep, score, report = (
        # A job that is skipped was done before, or not asked for: those after it go on.
        JobStep(job=job, trigger_rule=TriggerRule.NONE_FAILED)
        for job in ("bag", "boost", "deep", "score", "report")
    )
    # A cluster that nobody could end costs: the run has failed then, too. The jobs count because
    # promotion is a leaf beside it; one before it would be hidden by its success.
    terminate = TerminateCluster().as_teardown(
        setups=[plan, create, nodes], on_failure_fail_dagrun=True
    )
    chain(plan, create, nodes, prepare, [bag, boost, deep], score, report)
    chain(report, [promote(), terminate])


emr_training()

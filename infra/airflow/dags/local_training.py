"""Prepare, train, score, compare and promote, for one date, on a Spark standalone cluster."""

from __future__ import annotations

from airflow.sdk import TriggerRule, chain, dag

from emr_ensembles import defaults, params, pools
from emr_ensembles.job_operator import JobOperator
from emr_ensembles.promotion import promote

DAG_ID = "local_training"
CONNECTION = "emr_ensembles_spark"


@dag(
    dag_id=DAG_ID,
    schedule=defaults.schedule(DAG_ID),
    params={
        "config": params.config(),
        "output": params.output(f"out/airflow/{DAG_ID}"),
        "overrides": params.overrides(),
        "trainers": params.trainers(),
        "registry": params.registry("out/airflow/champions"),
        "connection": params.connection(CONNECTION),
    },
    doc_md=__doc__,
    **pools.at_once(),
    **defaults.dag_defaults(),
)
def local_training() -> None:
    """Every job by the project's own spark-submit; one whose output is there is skipped."""
    prepare, bag, boost, deep, score, report = (
        # A job that is skipped was done before, or not asked for: those after it go on.
        JobOperator(job=job, trigger_rule=TriggerRule.NONE_FAILED)
        for job in ("prepare", "bag", "boost", "deep", "score", "report")
    )
    chain(prepare, [bag, boost, deep], score, report, promote())


local_training()

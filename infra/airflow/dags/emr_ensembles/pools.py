"""How many jobs may be on the Spark cluster at once.

A Spark application takes all of a standalone cluster's cores, unless told otherwise, and a second
one would wait for them until it gives up. So a run's jobs run one after the other, until
`EMR_ENSEMBLES_SPARK_POOL` names an Airflow pool with as many slots as the cluster has room for
jobs.
"""

from __future__ import annotations

import os
from typing import Any

POOL_VARIABLE = "EMR_ENSEMBLES_SPARK_POOL"


def spark_pool() -> str | None:
    """The pool that tasks on the cluster take a slot of."""
    return os.environ.get(POOL_VARIABLE) or None


def at_once() -> dict[str, Any]:
    """What a DAG says of a run's tasks side by side; arguments of `@dag`."""
    return {} if spark_pool() else {"max_active_tasks": 1}


def of_job() -> dict[str, Any]:
    """What a job's task says of jobs side by side; arguments of an operator.

    Without a pool, the runs of a back-fill do the same job one after the other. Nothing but a pool,
    or one run at a time, keeps one run's job from another run's other job.
    """
    pool = spark_pool()
    return {"pool": pool} if pool else {"max_active_tis_per_dag": 1}

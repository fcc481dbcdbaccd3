"""The Spark session of a job: the submitter's settings win, the rest are ours."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipeline.errors import UserError
from pipeline.spark.resources import capacity_of, require_fixed_size

if TYPE_CHECKING:
    from pyspark import SparkConf
    from pyspark.sql import SparkSession

# spark-submit tells a Python program so where the JVM is that it runs in.
_SUBMITTED = "PYSPARK_GATEWAY_PORT"

_LOG_PROPERTY = "emr.ensembles.log"

_DEFAULTS = {
    # Executors that register late are looked for again soon, not after 15 s.
    "spark.scheduler.barrier.maxConcurrentTasksCheck.interval": "1s",
    # YARN's executors are waited for by gangs; what can never fit is told without waiting 30 s.
    "spark.scheduler.maxRegisteredResourcesWaitingTime": "0s",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    # A log file is no place for a bar that redraws itself.
    "spark.ui.showConsoleProgress": "false",
}


def make_session(
    name: str,
    settings: Mapping[str, str],
    gpus_per_executor: int = 0,
    *,
    has_gang: bool = False,
) -> SparkSession:
    """Start the session.

    Parameters
    ----------
    name : str
        The application's name.
    settings : mapping of str to str
        The job config's own Spark settings; `spark-submit --conf` wins over them.
    gpus_per_executor : int
        GPUs to ask for with each executor, where the submitter did not say.
    has_gang : bool
        Whether a gang is to be trained: what forbids one is then told before Spark starts.

    Raises
    ------
    GangNeverFitsError
        When the settings forbid the gang.
    UserError
        When no master is known: the job was started by python rather than spark-submit. When no
        Worker has room for one executor, for which Spark would wait without a word.
    """
    from pyspark import SparkConf, SparkContext
    from pyspark.sql import SparkSession

    if _SUBMITTED not in os.environ:
        raise UserError(
            "no Spark master: start the job with spark-submit --master URL jobs/<job>.py, or with "
            "emr-ensembles run"
        )
    SparkContext._ensure_initialized()  # the submitter's settings are known to the JVM only
    given = SparkConf()
    wanted = {**_DEFAULTS, **settings}
    if has_gang:
        require_fixed_size(_merged(given, wanted))
    if gpus_per_executor:
        wanted.setdefault("spark.executor.resource.gpu.amount", str(gpus_per_executor))
    builder = SparkSession.builder.appName(name)
    for key, value in wanted.items():
        if not given.contains(key):
            builder = builder.config(key, value)
    spark = builder.getOrCreate()
    if not _has_log_file(spark):
        spark.sparkContext.setLogLevel("ERROR")
    try:
        capacity_of(spark)
    except BaseException:
        spark.stop()
        raise
    return spark


def _merged(given: SparkConf, wanted: Mapping[str, str]) -> SparkConf:
    from pyspark import SparkConf

    whole = SparkConf(loadDefaults=False).setAll(list(wanted.items()))
    return whole.setAll(given.getAll())


def _has_log_file(spark: SparkSession) -> bool:
    """Whether `emr-ensembles run` gave Spark's log a file; the level is right then as it is."""
    jvm: Any = spark._jvm
    return jvm.java.lang.System.getProperty(_LOG_PROPERTY) is not None

"""A Spark session inside this process, for a look at a table: no cluster, no spark-submit."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.local.java import find_java

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    # A look takes seconds: compile less, and cut the little there is into few parts.
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.sql.shuffle.partitions": "4",
}


@contextmanager
def local_session(name: str) -> Iterator[SparkSession]:
    """A quiet session on this machine's cores; stopped at the end.

    Parameters
    ----------
    name : str
        The application's name.

    Raises
    ------
    UserError
        When there is no Java 17.
    """
    import pyspark
    from pyspark.sql import SparkSession

    java = find_java()
    with resources.as_file(
        resources.files("pipeline.cli.init") / "log4j2-silent.properties"
    ) as quiet:
        given = os.environ.get("SPARK_SUBMIT_OPTS", "")
        variables = {
            "JAVA_HOME": str(java),
            # Else a Spark that the shell already has would be the one that starts.
            "SPARK_HOME": str(Path(pyspark.__file__).parent),
            "PYSPARK_PYTHON": sys.executable,
            "PYSPARK_DRIVER_PYTHON": sys.executable,
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_SUBMIT_OPTS": f"{shlex.quote(f'-Dlog4j2.configurationFile={quiet}')} {given}",
        }
        with _environment(variables):
            builder = SparkSession.builder.master("local[*]").appName(name)
            for key, value in _SETTINGS.items():
                builder = builder.config(key, value)
            spark = builder.getOrCreate()
            try:
                yield spark
            finally:
                spark.stop()


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """The process's environment with these variables in it, and as it was afterwards."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

"""The environment of a rehearsal's spark-submit: the cluster's, and what its containers need.

On EMR nodes have a role, and variables of their own; the containers of a rehearsal are told those
of this process that the config or S3 need. They may be secret, so they travel in a file that only
this user reads, never in arguments.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pipeline import files
from pipeline.local.hadoop import cluster
from pipeline.local.hadoop.state import HadoopState
from pipeline.local.s3 import OPEN_VARIABLES, credentials, s3_settings

_DEFAULTS = "spark-defaults.conf"
_NAMED = re.compile(r"\$\{env:(\w+)")
# The steps name the nodes' interpreter; Spark would take the submitter's before it.
_OF_SUBMITTER = ("PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON")


@contextmanager
def submitting(
    state: HadoopState, config: str, overrides: Sequence[str], *, on_s3: bool
) -> Iterator[dict[str, str]]:
    """The variables of spark-submit's process, for as long as jobs are submitted.

    Parameters
    ----------
    state : HadoopState
        The cluster.
    config : str
        URI of the config, whose `${env:NAME}` are read in the containers.
    overrides : sequence of str
        What `--set` says; may name variables, too.
    on_s3 : bool
        Whether a client of S3 is needed.

    Raises
    ------
    UserError
        When the client of S3 cannot be had.
    """
    whole = {**os.environ, **cluster.environment(state)}
    for name in _OF_SUBMITTER:
        whole.pop(name, None)
    settings = s3_settings(state.java_home) if on_s3 else {}
    text = "\n".join([files.read_bytes(config).decode(), *overrides])
    variables = {name: os.environ[name] for name in _NAMED.findall(text) if name in os.environ}
    if on_s3:
        variables |= {name: os.environ[name] for name in OPEN_VARIABLES if os.environ.get(name)}
        variables |= credentials()
        whole["SPARK_DIST_CLASSPATH"] = settings["spark.driver.extraClassPath"]
    for where in ("spark.yarn.appMasterEnv", "spark.executorEnv"):
        settings |= {f"{where}.{name}": value for name, value in variables.items()}
    with tempfile.TemporaryDirectory() as directory:  # its mode is 0700
        shutil.copy(Path(state.spark_configuration) / _DEFAULTS, directory)
        with (Path(directory) / _DEFAULTS).open("a", encoding="utf-8") as lines:
            lines.writelines(f"{key} {value}\n" for key, value in settings.items())
        yield {**whole, "SPARK_CONF_DIR": directory}

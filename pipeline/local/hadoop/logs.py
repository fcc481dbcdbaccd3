"""What an application's containers wrote, brought here from where YARN has gathered it."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from pipeline.local.hadoop.jars import hadoop_jars
from pipeline.local.hadoop.state import HadoopState
from pipeline.spark.last_error import last_error

_MAIN = "org.apache.hadoop.yarn.client.cli.LogsCLI"
_PATIENCE_S = 60.0
_TRIES, _PAUSE_S = 5, 2.0


def fetch_logs(state: HadoopState, application: str, target: Path) -> str:
    """Write the logs of an application that has ended to a file.

    Returns
    -------
    str
        The last error that its driver wrote, or else that Spark wrote of it, or that an executor
        ended with; empty for none.
    """
    classpath = os.pathsep.join([state.configuration, f"{hadoop_jars(state.java_home)}/*"])
    command = [f"{state.java_home}/bin/java", "-cp", classpath, _MAIN]
    command += ["-applicationId", application, "-log_files", "stderr", "stdout"]
    text = ""
    for _ in range(_TRIES):  # nodes gather them a moment after the end
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=_PATIENCE_S
            )
        except subprocess.TimeoutExpired:
            return ""
        text = done.stdout
        if done.returncode == 0 and "Container: " in text:
            break
        time.sleep(_PAUSE_S)
    else:
        return ""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    return last_error(text)

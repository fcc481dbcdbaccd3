"""Whether a job must be done, and how it is submitted, as JSON; runs in the project's environment.

Airflow's environment lacks what this needs: the jobs' whole configuration, and the versions that a
model was made with.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
import sysconfig
from importlib import resources
from pathlib import Path
from typing import Any

import pyspark
from day_run import place_of
from decisions import decided, note_kept

from pipeline.cli.entry import add_config_arguments, guarded
from pipeline.cli.job_config import FREE_KEYS, JobConfig
from pipeline.cli.output_places import JOBS
from pipeline.cli.runs.logs import log_path
from pipeline.config import load
from pipeline.local.java import find_java
from pipeline.store.runs import RunPlace


def main() -> int:
    """Print the answer; returns the exit code."""
    parser = argparse.ArgumentParser(description="Whether and how to submit a job.")
    parser.add_argument("--job", required=True, choices=JOBS)
    add_config_arguments(parser)
    args = parser.parse_args()
    return guarded(lambda: _answer(args))


def _answer(args: argparse.Namespace) -> int:
    config = load(JobConfig, args.config, args.overrides, FREE_KEYS)
    place = place_of(config)
    decision = decided(args.job, config, place)
    answer: dict[str, Any] = {"must_run": decision.must_run, "reason": decision.reason}
    if decision.must_run:
        answer |= {
            "run_id": place.run_id,
            # What spark-submit is told wins over the config, so it is told the config's settings.
            "conf": config.spark_settings,
            "environment": _environment(place, args.job),
        }
    else:
        note_kept(place, config, args.job, decision)
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0


def _environment(place: RunPlace, job: str) -> dict[str, str]:
    """What spark-submit needs to be the project's, and quiet on a terminal."""
    scripts = sysconfig.get_path("scripts")
    spark_log = log_path(place, job).with_suffix(".spark.log")
    spark_log.parent.mkdir(parents=True, exist_ok=True)
    quiet = str(resources.files("pipeline.cli.runs") / "log4j2.properties")
    options = [f"-Dlog4j2.configurationFile={quiet}", f"-Demr.ensembles.log={spark_log}"]
    given = os.environ.get("SPARK_SUBMIT_OPTS", "")
    return {
        "PATH": f"{scripts}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "JAVA_HOME": str(find_java()),
        "SPARK_HOME": str(Path(pyspark.__file__).parent),
        "PYSPARK_PYTHON": os.environ.get("PYSPARK_PYTHON", sys.executable),
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "SPARK_SUBMIT_OPTS": f"{shlex.join(options)} {given}".strip(),
    }


if __name__ == "__main__":
    sys.exit(main())

"""`emr-ensembles run`: the six jobs in their order, each by spark-submit."""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import subprocess
import time
from importlib import resources
from pathlib import Path
from typing import Any

import pipeline
from pipeline.cli.entry import INTERRUPTED, add_config_arguments, set_up_logging
from pipeline.cli.job_config import FREE_KEYS, JobConfig
from pipeline.config import load
from pipeline.errors import UserError
from pipeline.local import cluster as local_cluster

logger = logging.getLogger(__name__)

JOBS = ("prepare", "bag", "boost", "deep", "score", "report")


def add_parser(subparsers: Any) -> None:
    """Add `run` to the command line."""
    parser = subparsers.add_parser(
        "run",
        help="run the jobs in their order",
        description="Run the jobs in their order, each by spark-submit: prepare, bag, boost, deep, "
        "score, report. Stops at the first that fails, with its exit code.",
    )
    add_config_arguments(parser)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument(
        "--cluster", metavar="DIR", help="directory of a cluster that `local up` started"
    )
    where.add_argument("--master", metavar="URL", help="a Spark master")
    parser.add_argument(
        "--jobs", nargs="+", choices=JOBS, default=list(JOBS), help="only these, in this order"
    )
    parser.set_defaults(handler=run)


def run(args: argparse.Namespace) -> int:
    """Run the jobs; returns the exit code of the first that fails, or 0."""
    set_up_logging()
    # All jobs' settings, before the first starts.
    config = load(JobConfig, args.config, args.overrides, FREE_KEYS)
    master, environment, options = _cluster(args, config)
    began = time.monotonic()
    for job in args.jobs:
        logger.info("== %s", job)
        code = _submit(["--master", master, *options], environment, job, args)
        if code:
            logger.error("%s failed with exit code %d", job, code)
            return code
    logger.info("all jobs done in %.0f s", time.monotonic() - began)
    return 0


def _cluster(args: argparse.Namespace, config: JobConfig) -> tuple[str, dict[str, str], list[str]]:
    """Where to run: the master, the environment of spark-submit, and its further options."""
    # What spark-submit is told wins over the config, so it is told the config's settings too; and
    # some, such as the driver's memory, come too late for a program that runs already.
    own = [part for item in config.spark_settings.items() for part in ("--conf", "=".join(item))]
    if args.master:
        return args.master, dict(os.environ), own
    state = local_cluster.running(Path(args.cluster))
    environment = {**os.environ, **local_cluster.environment(state)}
    options = ["--properties-file", str(_in_clone("conf/spark/local.conf")), *own]
    return state.master_url, environment, options


def _submit(
    options: list[str], environment: dict[str, str], job: str, args: argparse.Namespace
) -> int:
    submit = shutil.which("spark-submit", path=environment.get("PATH"))
    if submit is None:
        raise UserError("spark-submit is not on PATH; activate the environment that holds pyspark")
    overrides = [part for item in args.overrides for part in ("--set", item)]
    file = str(_in_clone(f"jobs/{job}.py"))
    command = [submit, *options, file, "--config", args.config, *overrides]
    with resources.as_file(resources.files("pipeline.cli") / "log4j2.properties") as quiet:
        given = environment.get("SPARK_SUBMIT_OPTS", "")
        quietly = {"SPARK_SUBMIT_OPTS": f"-Dlog4j2.configurationFile={quiet} {given}".strip()}
        process = subprocess.Popen(command, env={**environment, **quietly})
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.wait()  # the terminal has told it too
            return INTERRUPTED


def _in_clone(name: str) -> Path:
    file = Path(pipeline.__file__).parent.parent / name
    if not file.exists():
        raise UserError(f"{file} is missing: run from a clone of the repository")
    return file

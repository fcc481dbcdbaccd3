"""`emr-ensembles run`: the six jobs in their order, each by spark-submit, as one recorded run."""

from __future__ import annotations

import argparse
import datetime
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline import files
from pipeline.cli.entry import add_config_arguments, end_cleanly_when_told
from pipeline.cli.job_config import FREE_KEYS, JobConfig
from pipeline.cli.output_places import JOBS
from pipeline.cli.runs.job_run import recorded_arguments
from pipeline.cli.runs.logs import log_path, set_up_logging
from pipeline.cli.runs.sequence import JobSequence
from pipeline.cli.runs.submit import in_clone, submit
from pipeline.config import DATE_VARIABLE, load
from pipeline.local import cluster as local_cluster
from pipeline.local.s3 import OPEN_VARIABLES, s3_settings, uses_s3
from pipeline.store import runs
from pipeline.store.runs import RunPlace

logger = logging.getLogger(__name__)


def add_parser(subparsers: Any) -> None:
    """Add `run` to the command line."""
    parser = subparsers.add_parser(
        "run",
        help="run the jobs in their order",
        description="Run the jobs in their order, each by spark-submit: prepare, bag, boost, deep, "
        "score, report. A job whose output is there, made from what it would be made from now, is "
        "not done again: so a run that broke off goes on where it was. Stops at the first job that "
        "fails, with its exit code. The run is recorded in <output>/runs/<id>/run.json.",
    )
    add_config_arguments(parser)
    add_cluster_arguments(parser)
    parser.add_argument(
        "--jobs", nargs="+", choices=JOBS, default=list(JOBS), help="only these, in this order"
    )
    parser.add_argument(
        "--fresh", action="store_true", help="do every job, also where nothing has changed"
    )
    parser.set_defaults(handler=run)


def add_cluster_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that name a cluster."""
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument(
        "--cluster", metavar="DIR", help="directory of a cluster that `local up` started"
    )
    group.add_argument("--master", metavar="URL", help="a Spark master")


def run(args: argparse.Namespace) -> int:
    """Run the jobs; returns the exit code of the first that fails, or 0."""
    set_up_logging()
    end_cleanly_when_told()
    # A run over midnight has one date: that of its beginning.
    fix_date()
    # All jobs' settings, before the first starts.
    config = load(JobConfig, args.config, args.overrides, FREE_KEYS)
    master, environment, options = where(args, config)
    files.require_writable(config.output, "output")
    place = RunPlace(config.output, runs.new_run_id())
    overrides = [part for item in args.overrides for part in ("--set", item)]
    arguments = ["--config", args.config, *overrides, "--run-id", place.run_id]

    def submit_job(job: str, further: list[str]) -> int:
        return submit(
            job,
            [*arguments, *further],
            options=["--master", master, *options],
            environment=environment,
            spark_log=log_path(place, job).with_suffix(".spark.log"),
        )

    sequence = JobSequence(config, place, [[job] for job in args.jobs], fresh=args.fresh)
    code = sequence.run(submit_job, recorded_arguments(vars(args)))
    report = files.join(config.report_uri, "report.html")
    if not code and "report" in args.jobs and files.exists(report):
        logger.info("report: %s", report)
    return code


def fix_date() -> None:
    """Give all jobs that follow the date of now."""
    os.environ.setdefault(DATE_VARIABLE, f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}")


def where(args: argparse.Namespace, config: JobConfig) -> tuple[str, dict[str, str], list[str]]:
    """Where to run: the master, the environment of spark-submit, and its further options."""
    # What spark-submit is told wins over the config, so it is told the config's settings too; and
    # some, such as the driver's memory, come too late for a program that runs already.
    own = _settings(config.spark_settings)
    if args.master:
        return args.master, dict(os.environ), own
    state = local_cluster.running(Path(args.cluster))
    environment = {**os.environ, **local_cluster.environment(state)}
    if uses_s3([config.output, config.scratch, config.source.uri, config.text.checkpoint]):
        own = [*_settings({**s3_settings(state.java_home), **_variables_of_s3()}), *own]
    options = ["--properties-file", str(in_clone("conf/spark/local.conf")), *own]
    return state.master_url, environment, options


def _settings(settings: Mapping[str, str]) -> list[str]:
    return [part for item in settings.items() for part in ("--conf", "=".join(item))]


def _variables_of_s3() -> dict[str, str]:
    """Where S3 is, for executors; who asks, each process finds out for itself."""
    given = {name: os.environ[name] for name in OPEN_VARIABLES if os.environ.get(name)}
    return {f"spark.executorEnv.{name}": value for name, value in given.items()}

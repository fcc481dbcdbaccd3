"""`emr-ensembles run`: the six jobs in their order, each by spark-submit, as one recorded run."""

from __future__ import annotations

import argparse
import datetime
import logging
import os
import sys
import time
from pathlib import Path
from typing import Any

from pipeline import files
from pipeline.cli.entry import add_config_arguments, end_cleanly_when_told
from pipeline.cli.job_config import FREE_KEYS, JobConfig
from pipeline.cli.runs.job_run import recorded_arguments, run_facts
from pipeline.cli.runs.logs import log_path, set_up_logging
from pipeline.cli.runs.outcome import INTERRUPTED, TERMINATED, explain
from pipeline.cli.runs.resume import Decision, decide
from pipeline.cli.runs.submit import in_clone, submit
from pipeline.config import DATE_VARIABLE, load
from pipeline.errors import EnsemblesError
from pipeline.local import cluster as local_cluster
from pipeline.store import runs
from pipeline.store.runs import RunPlace

logger = logging.getLogger(__name__)

JOBS = ("prepare", "bag", "boost", "deep", "score", "report")


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
    os.environ.setdefault(DATE_VARIABLE, f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}")
    # All jobs' settings, before the first starts.
    config = load(JobConfig, args.config, args.overrides, FREE_KEYS)
    master, environment, options = where(args, config)
    files.require_writable(config.output, "output")
    place = RunPlace(config.output, runs.new_run_id())
    runs.begin(place, {"of": "run", **run_facts(config, recorded_arguments(vars(args)))})
    logger.info("run %s: %s", place.run_id, place.record_uri)
    try:
        code = _jobs(args, config, place, ["--master", master, *options], environment)
    except BaseException as error:
        outcome = explain(error)
        _end(place, outcome.name, outcome.exit_code)
        raise
    _end(place, _outcome(code), code)
    return code


def _end(place: RunPlace, outcome: str, code: int) -> None:
    try:
        runs.end(place, outcome, code)
    except EnsemblesError as failure:  # what happened matters more than its record
        logger.warning("the record of run %s was not written: %s", place.run_id, failure)


def _jobs(
    args: argparse.Namespace,
    config: JobConfig,
    place: RunPlace,
    options: list[str],
    environment: dict[str, str],
) -> int:
    began = time.monotonic()
    overrides = [part for item in args.overrides for part in ("--set", item)]
    arguments = ["--config", args.config, *overrides, "--run-id", place.run_id]
    for job in args.jobs:
        decision = decide(job, config)
        if not decision.must_run and not args.fresh:
            logger.info("== %s: kept, %s", job, decision.reason)
            _note_kept(place, job, decision)
            if decision.shown:
                sys.stdout.write(f"{decision.shown}\n")
            continue
        logger.info("== %s: %s", job, "asked for anew" if args.fresh else decision.reason)
        spark_log = log_path(place, job).with_suffix(".spark.log")
        fresh = ["--fresh"] if args.fresh and job == "score" else []
        code = submit(
            job,
            [*arguments, *fresh],
            options=options,
            environment=environment,
            spark_log=spark_log,
        )
        if code:
            return _failed(place, job, code)
    logger.info("all jobs done in %.0f s", time.monotonic() - began)
    report = files.join(config.report_uri, "report.html")
    if "report" in args.jobs and files.exists(report):
        logger.info("report: %s", report)
    return 0


def _note_kept(place: RunPlace, job: str, decision: Decision) -> None:
    part = {
        "outcome": "kept",
        "exit_code": 0,
        "reason": decision.reason,
        "started": runs.now(),
        "outputs": decision.outputs,
        **decision.facts,
    }
    runs.note_job(place, job, part)


def _failed(place: RunPlace, job: str, code: int) -> int:
    """Note a job that could not do so itself, and say how to go on."""
    part = runs.read_run(place)["jobs"].get(job, {"job": job, "started": runs.now()})
    if part.get("outcome") in (None, "running", "died"):
        part |= {
            "outcome": _outcome(code),
            "exit_code": code,
            "error": f"the job's process ended with exit code {code} and without a word",
            "ended": runs.now(),
        }
        runs.note_job(place, job, part)
    ended = "was ended" if _outcome(code) == "interrupted" else f"failed with exit code {code}"
    logger.error("%s %s; the same command goes on there, what is done is kept", job, ended)
    return code


def _outcome(code: int) -> str:
    if code in (INTERRUPTED, TERMINATED):
        return "interrupted"
    return "failed" if code else "success"


def where(args: argparse.Namespace, config: JobConfig) -> tuple[str, dict[str, str], list[str]]:
    """Where to run: the master, the environment of spark-submit, and its further options."""
    # What spark-submit is told wins over the config, so it is told the config's settings too; and
    # some, such as the driver's memory, come too late for a program that runs already.
    own = [part for item in config.spark_settings.items() for part in ("--conf", "=".join(item))]
    if args.master:
        return args.master, dict(os.environ), own
    state = local_cluster.running(Path(args.cluster))
    environment = {**os.environ, **local_cluster.environment(state)}
    options = ["--properties-file", str(in_clone("conf/spark/local.conf")), *own]
    return state.master_url, environment, options

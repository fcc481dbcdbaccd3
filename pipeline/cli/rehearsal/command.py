"""The command itself: from a config to a report, through YARN."""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pipeline import files
from pipeline.cli.entry import add_config_arguments, end_cleanly_when_told
from pipeline.cli.job_config import FREE_KEYS, TRAINER_OF, JobConfig
from pipeline.cli.output_places import JOBS
from pipeline.cli.rehearsal.client import Client
from pipeline.cli.rehearsal.environment import submitting
from pipeline.cli.rehearsal.stage import default_base, move_places, stage
from pipeline.cli.runs.job_run import recorded_arguments
from pipeline.cli.runs.logs import set_up_logging
from pipeline.cli.runs.report_copy import fetch_report
from pipeline.cli.runs.room import Room, wait_for_each_other
from pipeline.cli.runs.run import fix_date
from pipeline.cli.runs.sequence import JobSequence
from pipeline.config import DATE_VARIABLE, load
from pipeline.emr import yarn
from pipeline.emr.executors import Layout
from pipeline.emr.steps import Places, step_arguments
from pipeline.errors import UserError
from pipeline.local.commands import DIRECTORY
from pipeline.local.hadoop import cluster
from pipeline.local.hadoop.state import HadoopState
from pipeline.local.s3 import uses_s3
from pipeline.store import runs
from pipeline.store.runs import RunPlace

logger = logging.getLogger(__name__)


def add_parser(subparsers: Any) -> None:
    """Add `rehearse` to the command line."""
    parser = subparsers.add_parser(
        "rehearse",
        help="run the jobs as steps of EMR would run them, on a Hadoop of this machine",
        description="Run the jobs as steps of EMR would run them: by spark-submit in cluster mode, "
        "on the YARN and HDFS that `emr-ensembles local up --yarn` started, with the defaults of "
        "EMR that matter (dynamic allocation is on, a queue, log aggregation). What is local in "
        "the config is moved onto the cluster: input, output, scratch. The report is fetched "
        "to the local output. Trainers run side by side where their executors fit "
        "together, else one after the other. YARN takes a node for lost after 15 seconds, not "
        "after EMR's 10 minutes.",
    )
    add_config_arguments(parser)
    parser.add_argument(
        "--cluster",
        metavar="DIR",
        type=Path,
        default=DIRECTORY,
        help=f"directory of the cluster that `local up --yarn` started; default: {DIRECTORY}",
    )
    parser.add_argument(
        "--base",
        metavar="URI",
        help="hdfs:// or s3:// directory for all that is brought onto the cluster or made there; "
        "default: emr-ensembles in your directory on its HDFS",
    )
    parser.add_argument(
        "--jobs", nargs="+", choices=JOBS, default=list(JOBS), help="only these, in this order"
    )
    parser.add_argument(
        "--fresh", action="store_true", help="do every job, also where nothing has changed"
    )
    environment = parser.add_mutually_exclusive_group()
    environment.add_argument(
        "--python",
        metavar="FILE",
        help="interpreter on the nodes; default: that of the cluster's own environment",
    )
    environment.add_argument(
        "--archive",
        metavar="URI",
        help="a packed environment (`emr-ensembles env pack`), unpacked into each container",
    )
    parser.set_defaults(handler=rehearse)


def rehearse(args: argparse.Namespace) -> int:
    """Run the jobs; returns the exit code of the first that fails, or 0."""
    set_up_logging()
    end_cleanly_when_told()
    fix_date()
    given = load(JobConfig, args.config, args.overrides, FREE_KEYS)
    state = cluster.running(args.cluster.absolute())
    room = Room(yarn.nodes(state.webapp), yarn.increment_mb(state.webapp))
    layout = room.layout(given)
    os.environ["HADOOP_CONF_DIR"] = state.configuration
    base = args.base or default_base(state.namenode)
    if files.is_local(base):
        raise UserError(f"--base: {base}: the cluster reads hdfs:// or s3://, not a local path")
    files.require_writable(base, "--base")
    staged = move_places(given, args.config, args.overrides, base)
    config = staged.config
    places = stage(
        args.config,
        base,
        python=_python(args, state),
        archive=args.archive,
        environment={DATE_VARIABLE: os.environ[DATE_VARIABLE]},  # one date for all jobs
    )
    place = RunPlace(config.output, runs.new_run_id())
    local = _local_output(given)
    groups = room.groups(args.jobs, layout)
    _tell(groups)
    read_or_written = (config.output, config.scratch, config.source.uri, config.text.checkpoint)
    on_s3 = uses_s3([base, *read_or_written])
    with submitting(state, args.config, args.overrides, on_s3=on_s3) as environment:
        client = Client(state, environment, place, local / "runs" / place.run_id / "logs")
        client.require_alone()
        sequence = JobSequence(config, place, groups, fresh=args.fresh, cancel=client.end)
        submit = partial(_submit, client, places, layout, config, staged.overrides)
        code = sequence.run(submit, recorded_arguments(vars(args)))
    if not code and "report" in args.jobs:
        page = fetch_report(config.report_uri, local / "report")
        logger.info("report: %s", page.as_uri())
    return code


def _tell(groups: Sequence[Sequence[str]]) -> None:
    """Say how trainers run."""
    trainers = [job for group in groups for job in group if job in TRAINER_OF]
    if wait_for_each_other(groups):
        how = "one after the other: together they would not fit"
        logger.info("%s run %s", ", ".join(trainers), how)
    elif len(trainers) > 1:
        logger.info("%s run %s", ", ".join(trainers), "side by side")


def _submit(
    client: Client,
    places: Places,
    layout: Layout,
    config: JobConfig,
    overrides: tuple[str, ...],
    job: str,
    further: list[str],
) -> int:
    command = step_arguments(
        job,
        places,
        layout,
        name=config.name,
        run_id=client.place.run_id,
        settings=config.spark_settings,
        arguments=[*(part for item in overrides for part in ("--set", item)), *further],
        further_tags=[client.output_tag],
    )
    logger.debug("%s: %s", job, command)
    return client.run(job, command)


def _python(args: argparse.Namespace, state: HadoopState) -> str:
    if args.archive is not None:
        return "./environment/bin/python"
    return str(args.python or state.python)


def _local_output(config: JobConfig) -> Path:
    if files.is_local(config.output):
        return files.local_path(config.output)
    return Path("out", config.name).absolute()

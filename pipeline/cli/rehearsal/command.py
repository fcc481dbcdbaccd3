"""The command itself: from a config to a report, through YARN."""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pipeline import files
from pipeline.cli.entry import add_config_arguments, end_cleanly_when_told
from pipeline.cli.job_config import FREE_KEYS, TRAINER_OF, JobConfig
from pipeline.cli.rehearsal.client import Client
from pipeline.cli.rehearsal.stage import default_base, move_places, stage
from pipeline.cli.runs.job_run import recorded_arguments
from pipeline.cli.runs.logs import set_up_logging
from pipeline.cli.runs.run import fix_date
from pipeline.cli.runs.sequence import JOBS, JobSequence
from pipeline.config import DATE_VARIABLE, load
from pipeline.emr import yarn
from pipeline.emr.executors import Layout, Node, fit_together, lay_out
from pipeline.emr.steps import Places, step_arguments
from pipeline.errors import UserError
from pipeline.local.commands import DIRECTORY
from pipeline.local.hadoop import cluster
from pipeline.local.hadoop.state import HadoopState
from pipeline.local.s3 import VARIABLES, s3_settings, uses_s3
from pipeline.store import runs
from pipeline.store.runs import RunPlace

logger = logging.getLogger(__name__)

_DEFAULTS = "spark-defaults.conf"
_REPORT = ("report.html", "report.json")


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
    fits = _Fits(yarn.nodes(state.webapp), yarn.increment_mb(state.webapp))
    layout = fits.layout(given)
    os.environ["HADOOP_CONF_DIR"] = state.configuration
    base = args.base or default_base(state.namenode)
    if files.is_local(base):
        raise UserError(f"--base: {base}: the cluster reads hdfs:// or s3://, not a local path")
    files.require_writable(base, "--base")
    staged = move_places(given, args.config, args.overrides, base)
    config = staged.config
    places = stage(args.config, base, _python(args, state), args.archive)
    place = RunPlace(config.output, runs.new_run_id())
    with _environment(state, config, base) as environment:
        local = _local_output(given)
        client = Client(state.webapp, environment, place, local / "runs" / place.run_id / "logs")
        sequence = JobSequence(
            config, place, fits.groups(args.jobs, layout), fresh=args.fresh, cancel=client.kill
        )
        submit = partial(_submit, client, _dated(places), layout, config, staged.overrides)
        code = sequence.run(submit, recorded_arguments(vars(args)))
    if not code and "report" in args.jobs:
        _fetch_report(config.report_uri, local / "report")
    return code


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
    )
    logger.debug("%s: %s", job, command)
    return client.run(job, command)


@dataclass(frozen=True)
class _Fits:
    """What has room on the cluster.

    Parameters
    ----------
    nodes : list of Node
        Its nodes.
    increment_mb : int
        What YARN rounds containers' memory up to, MiB.
    """

    nodes: list[Node]
    increment_mb: int

    def layout(self, config: JobConfig) -> Layout:
        """The layout of each job, if it can ever have it."""
        found = lay_out(self.nodes, self.increment_mb).with_settings(config.spark_settings)
        if self._together([found]):
            return found
        told = ", ".join(
            f"{node.memory_mb} MiB, {node.cores} cores, {node.gpus} GPUs" for node in self.nodes
        )
        raise UserError(
            f"a driver of {found.driver.memory_mb} MiB and {found.executors} executors, each of "
            f"{found.executor.memory_mb} MiB, {found.cores} cores and {found.gpus} GPUs, can "
            f"never fit this cluster ({told}); lower what `spark` in the config asks for"
        )

    def groups(self, jobs: list[str], layout: Layout) -> list[list[str]]:
        """The jobs, with trainers side by side where all their containers fit."""
        trainers = [job for job in jobs if job in TRAINER_OF]
        together = len(trainers) > 1 and self._together([layout] * len(trainers))
        groups: list[list[str]] = []
        for job in jobs:
            if together and job in TRAINER_OF and groups and groups[-1][0] in TRAINER_OF:
                groups[-1].append(job)
            else:
                groups.append([job])
        if len(trainers) > 1:
            how = "side by side" if together else "one after the other: together they would not fit"
            logger.info("%s run %s", ", ".join(trainers), how)
        return groups

    def _together(self, layouts: list[Layout]) -> bool:
        return fit_together(layouts, self.nodes, self.increment_mb)


def _python(args: argparse.Namespace, state: HadoopState) -> str:
    if args.archive is not None:
        return "./environment/bin/python"
    return str(args.python or state.python)


def _dated(places: Places) -> Places:
    """The date of this run in all its jobs."""
    variables = {DATE_VARIABLE: os.environ[DATE_VARIABLE]}
    return Places(
        places.code, places.entry_points, places.config, places.python, places.archive, variables
    )


@contextmanager
def _environment(state: HadoopState, config: JobConfig, base: str) -> Iterator[dict[str, str]]:
    """That of spark-submit: the cluster's, with a client of S3 where one is needed."""
    whole = {**os.environ, **cluster.environment(state)}
    if not uses_s3([base, config.output, config.scratch, config.source.uri]):
        yield whole
        return
    settings = s3_settings(state.java_home)
    # Spark's own configuration, private: the containers' credentials are in it.
    with tempfile.TemporaryDirectory() as name:
        shutil.copy(Path(state.spark_configuration) / _DEFAULTS, name)
        with (Path(name) / _DEFAULTS).open("a", encoding="utf-8") as lines:
            lines.writelines(f"{key} {value}\n" for key, value in _with_variables(settings).items())
        jars = settings["spark.driver.extraClassPath"]
        yield {**whole, "SPARK_CONF_DIR": name, "SPARK_DIST_CLASSPATH": jars}


def _with_variables(settings: Mapping[str, str]) -> dict[str, str]:
    """What reaches S3, for Python in the containers; on EMR each node has a role instead."""
    given = {name: os.environ[name] for name in VARIABLES if os.environ.get(name)}
    places = ("spark.yarn.appMasterEnv", "spark.executorEnv")
    return {
        **settings,
        **{f"{place}.{name}": value for place in places for name, value in given.items()},
    }


def _local_output(config: JobConfig) -> Path:
    if files.is_local(config.output):
        return files.local_path(config.output)
    return Path("out", config.name).absolute()


def _fetch_report(source: str, target: Path) -> None:
    for name in _REPORT:
        uri = files.join(source, name)
        if files.exists(uri):
            files.download(uri, target / name)
    logger.info("report: %s", (target / _REPORT[0]).as_uri())

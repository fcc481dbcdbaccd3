"""The command itself."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from pipeline.cli.emr.arguments import add_jobs
from pipeline.cli.entry import add_config_arguments, add_overrides
from pipeline.cli.job_config import FREE_KEYS, JobConfig
from pipeline.cli.plan.plan import plan
from pipeline.cli.plan.step_length import ASSUMED_CHARACTERS, length_problems
from pipeline.cli.plan.text import as_json, as_text
from pipeline.config import Loaded, read
from pipeline.emr.clusters.files import load_cluster
from pipeline.emr.clusters.settings import ClusterSettings
from pipeline.errors import ConfigError

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


def add_parser(subparsers: Subparsers) -> None:
    """Add `plan` to the command line."""
    parser = subparsers.add_parser(
        "plan",
        help="what would run where on a cluster of EMR, and why it would fail",
        description="Say what jobs would get on a cluster of a cluster file: nodes, executors, "
        "cores, memory, GPUs, gangs, the sequence of steps, the most that an hour costs; and every "
        "reason why they would fail. Nothing is started, and AWS is not asked: whether EC2 has the "
        "instances is for `emr-ensembles instances check`. Exit code 0: nothing stands against it; "
        "2: something does. Where code and config will be staged is not known to it: the length of "
        f"a step's arguments is that below a URI of {ASSUMED_CHARACTERS} characters.",
    )
    add_config_arguments(parser)
    parser.add_argument(
        "--cluster", required=True, metavar="FILE", help="the cluster file, or its URI"
    )
    add_overrides(parser, "--set-cluster", "cluster file", "core.count=8", dest="cluster_overrides")
    add_jobs(parser)
    parser.add_argument("--json", action="store_true", help="all of it, for programs")
    parser.set_defaults(handler=_plan)


def _plan(args: argparse.Namespace) -> int:
    loaded, cluster = _read(args)
    found = plan(
        loaded.value,
        cluster,
        args.jobs,
        overrides=args.overrides,
        texts=loaded.document.raw,
    )
    found.problems.extend(length_problems(found, args.config, args.overrides))
    told = (
        json.dumps(as_json(found), indent=2) + "\n" if args.json else as_text(found, args.cluster)
    )
    sys.stdout.write(told)
    return 2 if found.problems else 0


def _read(args: argparse.Namespace) -> tuple[Loaded[JobConfig], ClusterSettings]:
    """Both files; what is wrong with either is told at once."""
    problems: list[str] = []
    loaded = cluster = None
    try:
        loaded = read(JobConfig, args.config, args.overrides, FREE_KEYS)
    except ConfigError as error:
        problems += error.problems
    try:
        cluster = load_cluster(args.cluster, args.cluster_overrides)
    except ConfigError as error:
        problems += error.problems
    if loaded is None or cluster is None:
        raise ConfigError(problems)
    return loaded, cluster

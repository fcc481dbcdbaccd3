"""`emr-ensembles emr logs`: the last lines of what a step, its driver or a node wrote."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from pipeline.cli.emr.arguments import add_cluster, emr_of
from pipeline.cli.output_places import JOBS
from pipeline.emr.running.find import find_cluster
from pipeline.emr.running.job_steps import job_steps
from pipeline.emr.running.states import Cluster, Step
from pipeline.emr.running.step_logs import LATE_MINUTES, ClusterLogs, tail
from pipeline.errors import UserError

_LINES = 50
_STREAMS = ("stderr", "stdout")


def add_parser(commands: Any) -> None:
    """Add `logs`."""
    parser = commands.add_parser(
        "logs",
        help="the last lines that a step, its driver or a node wrote",
        description="Show the last lines of a step's own stderr, which is that of spark-submit, "
        "and of its driver's container, where the job itself writes; each below its URI on S3. "
        "Without --step or --job: of the last step that failed, else of the one that runs, else "
        "of the last. Also of clusters that have ended. EMR brings logs to S3 about every "
        f"{LATE_MINUTES} minutes. Exit code 1: nothing has arrived yet.",
    )
    add_cluster(parser)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--step", metavar="ID", help="this step, s-…")
    what.add_argument("--job", choices=JOBS, help="the last step that ran this job")
    what.add_argument(
        "--bootstrap", action="store_true", help="what bootstrap actions wrote, on each node"
    )
    parser.add_argument("--node", metavar="INSTANCE", help="with --bootstrap: only this node, i-…")
    parser.add_argument(
        "--all-containers", action="store_true", help="the executors' stderr as well"
    )
    parser.add_argument(
        "--lines",
        metavar="NUMBER",
        type=_positive_number,
        default=_LINES,
        help=f"how many of each log; default: {_LINES}",
    )
    parser.set_defaults(handler=_logs)


def _logs(args: argparse.Namespace) -> int:
    if args.node and not args.bootstrap:
        raise UserError("--node: only bootstrap actions write logs by node: add --bootstrap")
    emr = emr_of(args)
    cluster = find_cluster(emr, args.cluster)
    if cluster.logs is None:
        raise UserError(
            f"cluster {cluster.id} ({cluster.name}) writes no logs to S3: its LogUri is not set"
        )
    logs = ClusterLogs(cluster.logs, cluster.id)
    if args.bootstrap:
        what, uris = "bootstrap actions", _of_nodes(logs, args.node)
    else:
        step = _meant(emr.steps(cluster.id), args, cluster)
        what = f"step {step.id} ({step.name}, {step.state.lower()})"
        uris = _of_step(logs, step.id, everything=args.all_containers)
    sys.stderr.write(f"{what} of {cluster.id}\n")
    shown = sum([_show(uri, args.lines) for uri in uris])
    if shown:
        return 0
    sys.stderr.write(
        f"nothing of it has arrived below {cluster.logs.rstrip('/')}/{cluster.id}/: EMR brings "
        f"logs about every {LATE_MINUTES} minutes\n"
    )
    return 1


def _meant(steps: Sequence[Step], args: argparse.Namespace, cluster: Cluster) -> Step:
    if args.step:
        found = [step for step in steps if step.id == args.step]
    elif args.job:
        found = [each.step for each in job_steps(steps) if each.job == args.job]
    else:
        failed = [step for step in steps if step.state == "FAILED"]
        found = failed or [step for step in steps if step.state == "RUNNING"] or list(steps)
    if found:
        return found[-1]
    there = ", ".join(f"{step.id} ({step.name})" for step in steps[-5:]) or "none"
    what = f"step {args.step}" if args.step else f"step of {args.job}" if args.job else "step"
    raise UserError(f"cluster {cluster.id} has no {what}; the last ones are: {there}")


def _of_step(logs: ClusterLogs, step: str, *, everything: bool) -> Iterator[str]:
    yield logs.of_step(step)
    application = logs.application_of(step)
    if not application:
        yield logs.of_step(step, "controller")
        return
    for driver in logs.drivers(application)[:1]:
        for stream in _STREAMS:
            yield logs.of_container(application, driver, stream)
    if everything:
        for container in logs.executors(application):
            yield logs.of_container(application, container)


def _of_nodes(logs: ClusterLogs, node: str | None) -> Iterator[str]:
    for instance in [node] if node else logs.nodes():
        for uri in logs.of_bootstrap(instance):
            if uri.rpartition("/")[2].startswith(_STREAMS):
                yield uri


def _show(uri: str, lines: int) -> bool:
    """Show a log; whether it has arrived."""
    found = tail(uri, lines)
    if found is None:
        return False
    sys.stdout.write(f"==> {uri}\n")
    sys.stdout.writelines(f"{line}\n" for line in found.lines or ["(empty)"])
    return True


def _positive_number(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError
    return value

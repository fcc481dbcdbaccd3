"""`emr-ensembles local up | down | status`."""

from __future__ import annotations

import argparse
import json
import re
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import UserError
from pipeline.local import cluster
from pipeline.local.hadoop import cluster as hadoop_cluster
from pipeline.local.hadoop import commands as hadoop
from pipeline.local.hadoop.jars import VERSION
from pipeline.local.state import ClusterState, Daemon, offer

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

DIRECTORY = Path("out/cluster")


def add_parser(subparsers: Subparsers) -> None:
    """Add `local` and its three commands; each sets `handler`, a function of the arguments."""
    text = "Run a Spark standalone cluster on this machine: a Master and Workers, on loopback."
    local = subparsers.add_parser(
        "local", help="run a Spark cluster on this machine", description=text
    )
    commands = local.add_subparsers(dest="local_command", metavar="COMMAND", required=True)
    _add_up(commands)
    _add_down(commands)
    _add_status(commands)


def run(args: argparse.Namespace) -> int:
    """Run the command that was parsed; the exit code."""
    code: int = args.handler(args)
    return code


def _add_up(commands: Subparsers) -> None:
    parser = commands.add_parser(
        "up",
        help="start a cluster and wait until all of it is there",
        description="Start a Spark standalone cluster, or with --yarn the HDFS and YARN of "
        f"Hadoop {VERSION}, and wait until all of it is there. Where one of the same shape already "
        "runs in the directory, nothing happens.",
    )
    _add_directory(parser, "a new or empty directory for the cluster's logs and work files")
    parser.add_argument(
        "--workers", type=int, default=2, metavar="N", help="number of workers (default: 2)"
    )
    parser.add_argument(
        "--cores-per-worker",
        type=int,
        metavar="N",
        help="cores that each worker offers (default: this machine's, divided over the workers)",
    )
    parser.add_argument(
        "--memory-per-worker",
        type=_megabytes,
        metavar="SIZE",
        help="memory that each worker offers, such as 1500m or 2g (default: 60 %% of this "
        "machine's, divided over the workers, between 1g and 4g)",
    )
    parser.add_argument(
        "--gpus-per-worker",
        type=int,
        default=0,
        metavar="N",
        help="GPUs that each worker pretends to have, to try GPU scheduling (default: 0)",
    )
    yarn = parser.add_argument_group(
        "HDFS and YARN",
        "Real daemons; their jars are fetched from a Maven repository the first time, which takes "
        "minutes.",
    )
    yarn.add_argument("--yarn", action="store_true", help="start these instead of Spark's")
    yarn.add_argument("--nodes", type=int, default=2, metavar="N", help="NodeManagers (default: 2)")
    yarn.add_argument(
        "--gpus-per-node",
        type=int,
        default=0,
        metavar="N",
        help="GPUs (yarn.io/gpu) that each node pretends to have (default: 0)",
    )
    yarn.add_argument(
        "--cores-per-node",
        type=int,
        metavar="N",
        help="cores that each node offers (default: this machine's, divided over the nodes, at "
        "least 2)",
    )
    yarn.add_argument(
        "--memory-per-node",
        type=_megabytes,
        metavar="SIZE",
        help="memory that each node offers (default: half of this machine's, divided over the "
        "nodes, between 2g and 6g)",
    )
    parser.set_defaults(handler=_up)


def _add_down(commands: Subparsers) -> None:
    parser = commands.add_parser(
        "down",
        help="stop the cluster, its executors too",
        description="Stop the cluster, its executors too; the logs stay. Where none runs, "
        "nothing happens.",
    )
    _add_directory(parser, "the directory that `up` was given")
    parser.set_defaults(handler=_down)


def _add_status(commands: Subparsers) -> None:
    parser = commands.add_parser(
        "status",
        help="tell whether a cluster runs, and where",
        description="Tell whether a cluster runs, and where. Exit code 0 when all of it does, "
        "1 otherwise.",
    )
    _add_directory(parser, "the directory that `up` was given")
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    parser.set_defaults(handler=_status)


def _add_directory(parser: argparse.ArgumentParser, meaning: str) -> None:
    parser.add_argument(
        "--dir",
        type=Path,
        default=DIRECTORY,
        metavar="DIR",
        help=f"{meaning} (default: {DIRECTORY})",
    )


def _megabytes(text: str) -> int:
    match = re.fullmatch(r"(\d+)([mg])b?", text.lower())
    if match is None:
        raise argparse.ArgumentTypeError(f"{text}: expected a size such as 1500m or 2g")
    return int(match[1]) * {"m": 1, "g": 1024}[match[2]]


def _up(args: argparse.Namespace) -> int:
    if args.yarn:
        if cluster.status(args.dir) is not None:
            raise UserError(f"{args.dir}: a standalone cluster runs there; name another directory")
        _print(hadoop.up(args))
        return 0
    if hadoop_cluster.status(args.dir) is not None:
        raise UserError(f"{args.dir}: HDFS and YARN run there; name another directory")
    state = cluster.up(
        args.dir,
        workers=args.workers,
        cores_per_worker=args.cores_per_worker,
        memory_per_worker_mb=args.memory_per_worker,
        gpus_per_worker=args.gpus_per_worker,
    )
    _print(_description(state, []))
    _print(["", "To submit from this shell:", *cluster.shell_lines(state)])
    return 0


def _down(args: argparse.Namespace) -> int:
    stopped = [stop(args.dir) for stop in (cluster.down, hadoop_cluster.down)]
    _print(
        [f"{args.dir}: {'the cluster is stopped' if any(stopped) else 'no cluster was running'}"]
    )
    return 0


def _status(args: argparse.Namespace) -> int:
    running = hadoop_cluster.status(args.dir)
    if running is not None:
        _print(hadoop.told(running, as_json=args.json))
        return 0 if running.ready and not hadoop_cluster.dead_daemons(running) else 1
    state = cluster.status(args.dir)
    dead = cluster.dead_daemons(state) if state else []
    whole = state is not None and state.ready and not dead
    if args.json:
        told = {
            "running": whole,
            "dead": [daemon.name for daemon in dead],
            "cluster": asdict(state) if state else None,
        }
        _print([json.dumps(told, indent=2)])
    elif state is None:
        _print([f"{args.dir}: no cluster is running"])
    else:
        _print(_description(state, dead))
    return 0 if whole else 1


def _description(state: ClusterState, dead: list[Daemon]) -> list[str]:
    lines = [_row(state.master, dead, f"{state.master_url or 'starting'}  {state.web_url}")]
    for worker in state.workers:
        offered = offer(worker.cores, worker.memory_mb, worker.gpus)
        lines.append(_row(worker.daemon, dead, f"{offered}  {worker.web_url}"))
    return [*lines, f"logs      {Path(state.master.log).parent}"]


def _row(daemon: Daemon, dead: list[Daemon], text: str) -> str:
    condition = "GONE" if daemon in dead else f"pid {daemon.pid}"
    return f"{daemon.name:<9} {condition:<12} {text}".rstrip()


def _print(lines: list[str]) -> None:
    sys.stdout.write("\n".join(lines) + "\n")

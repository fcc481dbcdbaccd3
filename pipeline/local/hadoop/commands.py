"""What `emr-ensembles local` says of HDFS and YARN."""

from __future__ import annotations

import argparse
import json
import shlex
from dataclasses import asdict
from pathlib import Path

from pipeline.local.hadoop import cluster
from pipeline.local.hadoop.state import HadoopState


def up(args: argparse.Namespace) -> list[str]:
    """Start them; what to tell the person who asked."""
    state = cluster.up(
        args.dir,
        nodes=args.nodes,
        gpus_per_node=args.gpus_per_node,
        cores_per_node=args.cores_per_node,
        memory_per_node_mb=args.memory_per_node,
    )
    lines = [
        f"export {name}={shlex.quote(value)}"
        for name, value in cluster.environment(state).items()
        if name != "PATH"
    ]
    return [*_description(state), "", "To submit from this shell:", *lines]


def told(state: HadoopState, *, as_json: bool) -> list[str]:
    """Where everything is."""
    if not as_json:
        return _description(state)
    dead = [daemon.name for daemon in cluster.dead_daemons(state)]
    found = {
        "running": state.ready and not dead,
        "dead": dead,
        "spark.master": "yarn",
        "hdfs.namenode": state.namenode,
        "hdfs.webhdfs": state.webhdfs,
        "yarn.resourcemanager": state.resourcemanager,
        "yarn.webapp": state.webapp,
        "configuration": state.configuration,
        "cluster": asdict(state),
    }
    return [json.dumps(found, indent=2)]


def _description(state: HadoopState) -> list[str]:
    dead = cluster.dead_daemons(state)
    places = {"NameNode": state.namenode, "ResourceManager": state.webapp}
    lines = []
    for daemon in state.daemons:
        condition = "GONE" if daemon in dead else f"pid {daemon.pid}"
        lines.append(f"{daemon.name:<16} {condition:<12} {places.get(daemon.name, '')}".rstrip())
    logs = Path(state.directory) / "logs"
    return [*lines, f"{'nodes':<16} {state.shape}", f"{'logs':<16} {logs}"]

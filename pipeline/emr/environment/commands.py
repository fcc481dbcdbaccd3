"""`emr-ensembles env pack | publish`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.emr.environment.archive import Archive, read_archive
from pipeline.emr.environment.building import Build, build
from pipeline.emr.environment.container import build_in_container, docker_answers
from pipeline.emr.environment.horovod import gpu_wheel
from pipeline.emr.environment.locks import requirements_directory
from pipeline.emr.environment.node import Node, Version, parsed
from pipeline.emr.environment.publishing import publish
from pipeline.emr.environment.target import (
    GPU,
    TARGETS,
    directory_on_node,
    fits_containers,
)
from pipeline.errors import UserError

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

OUTPUT = Path("out/environments")


def add_parser(subparsers: Subparsers) -> None:
    """Add `env` and its commands; each sets `handler`, a function of the arguments."""
    text = "Pack the Python environment of a cluster's nodes, and put it where they fetch it."
    env = subparsers.add_parser("env", help="pack the nodes' Python environment", description=text)
    commands = env.add_subparsers(dest="env_command", metavar="COMMAND", required=True)
    _add_pack(commands)
    _add_publish(commands)


def _add_pack(commands: Subparsers) -> None:
    parser = commands.add_parser(
        "pack",
        help="build an environment from the lock files and pack it",
        description="Build an environment from the lock files, in a container of Amazon Linux 2023 "
        "where docker answers, and pack it as a tar.gz that is named by the locks' hash and works "
        "at any path. Spark, Java and emr-ensembles itself are not in it.",
    )
    parser.add_argument("--target", required=True, choices=sorted(TARGETS), help="kind of node")
    parser.add_argument(
        "--output",
        type=Path,
        default=OUTPUT,
        metavar="DIR",
        help=f"where the archive and its .sha256 go (default: {OUTPUT})",
    )
    parser.add_argument(
        "--publish", type=_uri, metavar="URI", help="upload both, e.g. s3://bucket/environments"
    )
    parser.add_argument(
        "--horovod-wheel",
        type=Path,
        metavar="FILE",
        help="gpu: the Horovod with NCCL that requirements/horovod_gpu.sh made",
    )
    parser.add_argument(
        "--no-docker", action="store_true", help="build on this machine even where docker answers"
    )
    _add_node(parser)
    parser.set_defaults(handler=_pack)


def _add_node(parser: argparse.ArgumentParser) -> None:
    node = Node()
    nodes = parser.add_argument_group("nodes", "By default those of EMR 7, Amazon Linux 2023.")
    nodes.add_argument(
        "--node-python",
        default=node.interpreter,
        metavar="PATH",
        help=f"their Python (default: {node.interpreter})",
    )
    nodes.add_argument(
        "--node-python-version",
        type=_version,
        default=node.python,
        metavar="X.Y",
        help="its version (default: 3.11)",
    )
    nodes.add_argument(
        "--node-glibc",
        type=_version,
        default=node.glibc,
        metavar="X.Y",
        help="their C library's version (default: 2.34)",
    )


def _add_publish(commands: Subparsers) -> None:
    parser = commands.add_parser(
        "publish",
        help="upload an environment that was packed",
        description="Upload an archive that was packed, and its .sha256; nothing where it is.",
    )
    parser.add_argument("archive", type=Path, metavar="FILE", help="the archive")
    parser.add_argument("uri", type=_uri, metavar="URI", help="e.g. s3://bucket/environments")
    parser.set_defaults(handler=_publish)


def _pack(args: argparse.Namespace) -> int:
    target = TARGETS[args.target]
    node = Node(args.node_python, args.node_python_version, args.node_glibc)
    wanted = Build(target, node, requirements_directory(), args.horovod_wheel)
    if target is GPU:
        gpu_wheel(wanted.horovod_wheel, wanted.requirements)
    elif args.horovod_wheel is not None:
        raise UserError("--horovod-wheel is for --target gpu; cpu takes the one of make setup")
    if not args.no_docker and docker_answers():
        archive = build_in_container(wanted, args.output, _step)
    else:
        archive = build(wanted, args.output, _step)
    _print(
        [
            f"environment  {target.environment_name(wanted.requirements)}",
            f"archive      {archive.path}",
            f"size         {archive.path.stat().st_size / 1e6:.0f} MB",
            f"sha256       {archive.sha256}",
        ]
    )
    return _told(archive, args.publish)


def _publish(args: argparse.Namespace) -> int:
    return _told(read_archive(args.archive), args.uri)


def _told(archive: Archive, prefix: str | None) -> int:
    """Publish where asked to, and say how the archive is used."""
    where = str(archive.path.absolute())
    if prefix is not None:
        where, uploaded = publish(archive, prefix)
        _print([f"published    {where}{'' if uploaded else ' (was there already)'}"])
    _print(_usage(archive.path.name, where))
    return 0


def _usage(name: str, where: str) -> list[str]:
    """The settings of spark-submit by which a job runs in an environment."""
    lines = [
        "",
        "To run a job in it, where the nodes' bootstrap action has installed it:",
        f"  --conf spark.pyspark.python={directory_on_node(name)}/bin/python",
    ]
    if not fits_containers(name):
        return lines
    return [
        *lines,
        "",
        "Where it has not, with --deploy-mode cluster, and every container unpacks it:",
        f"  --conf spark.archives={where}#environment",
        "  --conf spark.pyspark.python=./environment/bin/python",
    ]


def _version(text: str) -> Version:
    try:
        return parsed(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _uri(text: str) -> str:
    if "://" not in text:
        raise argparse.ArgumentTypeError(f"{text}: expected a URI, such as s3://bucket/prefix")
    return text


def _step(name: str) -> None:
    sys.stdout.write(f"pack: {name} ...\n")
    sys.stdout.flush()


def _print(lines: list[str]) -> None:
    sys.stdout.write("\n".join(lines) + "\n")

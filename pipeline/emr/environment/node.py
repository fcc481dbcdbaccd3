"""Whether what this machine builds can run on a node."""

from __future__ import annotations

import platform
import re
import sys
from dataclasses import dataclass
from typing import TypeAlias

from pipeline.errors import UserError

Version: TypeAlias = tuple[int, int]

PYTHON: Version = (3, 11)
"""What the locked packages are for."""


@dataclass(frozen=True)
class Node:
    """What a node has; by default what Amazon Linux 2023, the system of EMR 7, has.

    Parameters
    ----------
    interpreter : str
        The path of its Python, to which the environment's `bin/python` points.
    python : (int, int)
        That Python's version.
    glibc : (int, int)
        The version of its C library.
    """

    interpreter: str = "/usr/bin/python3.11"
    python: Version = PYTHON
    glibc: Version = (2, 34)


@dataclass(frozen=True)
class Machine:
    """What the machine that builds has."""

    kind: str
    python: Version
    glibc: Version | None


def this_machine() -> Machine:
    """The machine that this runs on; without a `glibc` where it has another C library."""
    library, version = platform.libc_ver()
    return Machine(
        f"{platform.system()} {platform.machine()}",
        sys.version_info[:2],
        parsed(version) if library == "glibc" else None,
    )


def require_fit(node: Node, machine: Machine) -> None:
    """Refuse to build for nodes on which the result would not start.

    Raises
    ------
    UserError
        When the node's Python or C library is older than this machine's, or of another kind.
    """
    if not node.interpreter.startswith("/"):
        raise UserError(f"--node-python {node.interpreter}: expected an absolute path on the node")
    if machine.kind != "Linux x86_64" or machine.glibc is None:
        library = "" if machine.glibc else " without glibc"
        raise UserError(
            f"this machine is {machine.kind}{library}, and nodes are Linux x86_64 with glibc, so "
            "what is built on it does not run there; install docker, which the environment is "
            "then built in, or build on Amazon Linux 2023"
        )
    if node.python != machine.python:
        relation = "older than" if node.python < machine.python else "newer than"
        raise UserError(
            f"the node's Python {_text(node.python)} is {relation} this machine's "
            f"{_text(machine.python)}, with which the environment is built; an environment runs "
            f"on one minor version only, so name the path of a Python {_text(machine.python)} on "
            "the node by --node-python, and its version by --node-python-version"
        )
    if node.glibc < machine.glibc:
        raise UserError(
            f"the node's glibc {_text(node.glibc)} is older than this machine's "
            f"{_text(machine.glibc)}, so what is compiled on it, Horovod, may not load there; "
            "build on Amazon Linux 2023, or install docker, which the environment is then built "
            "in, or, where the nodes are others, name their glibc by --node-glibc"
        )


def parsed(text: str) -> Version:
    """`2.34` as a pair; what follows the second number is not looked at.

    Raises
    ------
    ValueError
        When it is no version.
    """
    match = re.match(r"(\d+)\.(\d+)(?:[.\s]|$)", text)
    if match is None:
        raise ValueError(f"{text}: expected a version, such as 2.34")
    return int(match.group(1)), int(match.group(2))


def _text(version: Version) -> str:
    return f"{version[0]}.{version[1]}"

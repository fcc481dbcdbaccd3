"""A node for each test of a bootstrap action."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bootstrap import node as nodes


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The path on which nodes find programs."""
    directory = tmp_path_factory.mktemp("programs")
    nodes.link_programs(directory)
    return directory


@pytest.fixture(scope="session")
def needs_namespaces() -> None:
    """Skip where this machine cannot give a node its own mounts and network."""
    lacking = nodes.lacks()
    if lacking:
        pytest.skip(f"bootstrap actions are not tried: {lacking}")


@pytest.fixture
def node(needs_namespaces: None, tmp_path: Path, programs: Path) -> Iterator[nodes.Node]:
    """A CPU node with the bundle on it, before any script has run."""
    with nodes.up(tmp_path, programs) as up:
        nodes.place_bundle(up)
        yield up


@pytest.fixture(scope="session")
def cgroup_v1(needs_namespaces: None, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skip where no devices hierarchy can be mounted, or where a real Hadoop has its own in it."""
    lacking = nodes.lacks_cgroup(tmp_path_factory.mktemp("hierarchy"))
    if lacking:
        pytest.skip(f"YARN's GPU isolation is not tried: {lacking}")


@pytest.fixture
def gpu_node(node: nodes.Node, cgroup_v1: None) -> nodes.Node:
    """A node with two GPUs, a working driver and the bundle, before any script has run."""
    node.add_gpus(2)
    node.nvidia_smi("0\n1\n")
    return node

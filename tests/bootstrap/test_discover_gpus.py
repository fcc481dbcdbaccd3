import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bootstrap import node as nodes
from tests.bootstrap.node import Node

pytestmark = pytest.mark.timeout(60)

BROKEN = (
    "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver."
    " Make sure that the latest NVIDIA driver is installed and running.\n"
)
DISCOVER = "/opt/emr-ensembles/bin/discover-gpus"


@pytest.fixture(scope="module")
def discover(
    needs_namespaces: None, programs: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Node]:
    """One node for these tests, each of which says what nvidia-smi prints."""
    with nodes.up(tmp_path_factory.mktemp("discover"), programs) as node:
        nodes.place_bundle(node)
        node.add_gpus(1)
        assert node.part("gpus.sh").returncode == 0
        yield node


@pytest.mark.parametrize("count", [0, 1, 8])
def test_spark_is_told_of_each_gpu(discover: Node, count: int) -> None:
    discover.nvidia_smi("".join(f"{number}\n" for number in range(count)))
    done = discover.run(DISCOVER)
    assert done.returncode == 0
    assert done.stdout.count("\n") == 1
    addresses = [str(number) for number in range(count)]
    assert json.loads(done.stdout) == {"name": "gpu", "addresses": addresses}


def test_a_container_without_a_gpu_has_none(discover: Node) -> None:
    discover.nvidia_smi("No devices were found\n", status=6)
    assert json.loads(discover.run(DISCOVER).stdout) == {"name": "gpu", "addresses": []}


def test_a_broken_driver_is_told_in_one_line(discover: Node) -> None:
    discover.nvidia_smi(BROKEN, status=9)
    done = discover.run(DISCOVER)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert f"nvidia-smi failed with status 9: {BROKEN}" in done.stderr


def test_a_gpu_that_has_gone_is_no_address(discover: Node) -> None:
    lost = "Unable to determine the device handle for GPU 0000:00:1E.0: Unknown Error"
    discover.nvidia_smi(f"0\n{lost}\n")
    done = discover.run(DISCOVER)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"nvidia-smi gave no number of a GPU but: {lost}" in done.stderr


def test_a_driver_that_hangs_is_given_up(discover: Node) -> None:
    discover.nvidia_smi("0\n")
    discover.fake("timeout", '[ "$1" = 60 ] && exit 124')
    done = discover.run(DISCOVER)
    (discover.root / "fakes" / "timeout").unlink()
    assert (done.returncode, done.stdout) == (1, "")
    assert "nvidia-smi did not answer within 60 s" in done.stderr


def test_a_node_without_nvidia_smi_says_so(discover: Node) -> None:
    (discover.root / "fakes" / "nvidia-smi").unlink(missing_ok=True)
    done = discover.run(DISCOVER)
    assert done.returncode == 1
    assert "nvidia-smi was not found" in done.stderr

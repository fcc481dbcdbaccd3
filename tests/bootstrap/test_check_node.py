"""The verdict on a node, as `check-node` writes it when the applications are there."""

import json
import re
from typing import Any

import pytest

from tests.bootstrap import archives
from tests.bootstrap.node import Node
from tests.bootstrap.test_discover_gpus import BROKEN

pytestmark = pytest.mark.timeout(120)

NODE_MANAGER = "hadoop-yarn-nodemanager.service"
RESOURCE_MANAGER = "hadoop-yarn-resourcemanager.service"
IMPORTS = ["import mxnet", "import horovod", "import xgboost"]


def install(
    node: Node, modules: dict[str, str] = archives.MODULES, name: str = "cpu-0123456789ab"
) -> None:
    uri, sha256 = archives.publish_environment(node.root / "s3" / "bucket", name, modules)
    parts = (
        ["environment.sh", "--archive", uri, "--sha256", sha256],
        ["scratch.sh"],
        ["ports.sh"],
        ["cgroup.sh"],
        ["gpus.sh"],
    )
    for part in parts:
        done = node.part(*part)
        assert done.returncode == 0, done.stderr


def bring_driver(node: Node) -> None:
    node.shell(
        "mkdir /proc/driver/nvidia; echo 'NVRM version: NVIDIA UNIX x86_64 Kernel Module  555.42'"
        " >/proc/driver/nvidia/version"
    )


def verdict(node: Node, expected_status: int) -> dict[str, Any]:
    done = node.part("check-node", "--limit", "1")
    assert done.returncode == expected_status, done.stderr
    written: dict[str, Any] = json.loads(node.shell("cat /var/lib/emr-ensembles/verdict.json"))
    assert written["ok"] == all(check["ok"] for check in written["checks"])
    assert written["ok"] == (expected_status == 0)
    return written


def failing(written: dict[str, Any]) -> dict[str, str]:
    return {check["name"]: check["detail"] for check in written["checks"] if not check["ok"]}


def test_a_cpu_node_is_ready_without_any_gpu_check(node: Node) -> None:
    install(node)
    node.shell(f"touch /calls/active-{NODE_MANAGER}")
    written = verdict(node, 0)
    names = ["applications", "environment", "scratch", "ports", *IMPORTS]
    assert [check["name"] for check in written["checks"]] == names
    assert written["checks"][-1]["detail"] == "3.2.0 in cpu-0123456789ab"
    assert written["gpu_node"] is False
    assert written["node"] == node.shell("hostname -f 2>/dev/null || uname -n")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", written["time"])
    assert node.shell("stat -c %a /var/lib/emr-ensembles/verdict.json") == "644"


def test_a_node_without_a_gpu_does_not_load_what_needs_a_driver(node: Node) -> None:
    """A CPU node of a GPU cluster: the gpu environment is there, and MXNet cannot be loaded."""
    broken = {**archives.MODULES, "mxnet.py": "raise OSError('libcuda.so.1: no such file')\n"}
    install(node, broken, name="gpu-0123456789ab")
    node.shell(f"touch /calls/active-{NODE_MANAGER}")
    found = {check["name"]: check["detail"] for check in verdict(node, 0)["checks"]}
    assert found["import mxnet"] == "skipped without a GPU in gpu-0123456789ab"
    assert found["import horovod"] == "skipped without a GPU in gpu-0123456789ab"
    assert found["import xgboost"] == "3.2.0 in gpu-0123456789ab"


def test_a_gpu_node_is_ready_when_the_driver_sees_every_gpu(gpu_node: Node) -> None:
    install(gpu_node)
    bring_driver(gpu_node)
    gpu_node.shell(f"touch /calls/active-{NODE_MANAGER}")
    written = verdict(gpu_node, 0)
    found = {check["name"]: check["detail"] for check in written["checks"]}
    assert written["gpu_node"] is True
    assert "555.42" in found["driver"]
    assert found["discovery"] == '{"name": "gpu", "addresses": ["0", "1"]}'
    assert found["cgroup"] == "cgroup.sh: as it should be"
    assert gpu_node.part("check-node", "--verify").returncode == 0


def test_a_broken_driver_makes_the_node_unready_with_nvidias_words(gpu_node: Node) -> None:
    install(gpu_node)
    gpu_node.nvidia_smi(BROKEN, status=9)
    gpu_node.shell(f"touch /calls/active-{NODE_MANAGER}")
    failed = failing(verdict(gpu_node, 1))
    assert set(failed) == {"driver", "nvidia-smi", "discovery"}
    assert failed["nvidia-smi"] == BROKEN.strip()
    assert BROKEN.strip() in failed["discovery"]
    assert "No such file or directory" in failed["driver"]
    assert gpu_node.part("check-node", "--verify").returncode == 3


def test_a_gpu_that_the_driver_has_lost_is_missed(gpu_node: Node) -> None:
    install(gpu_node)
    bring_driver(gpu_node)
    gpu_node.nvidia_smi("0\n")
    gpu_node.shell(f"touch /calls/active-{NODE_MANAGER}")
    failed = failing(verdict(gpu_node, 1))
    assert failed == {
        "discovery": '1 of the 2 GPUs on the PCI bus: {"name": "gpu", "addresses": ["0"]}'
    }


def test_what_a_part_finds_is_in_the_verdict(gpu_node: Node) -> None:
    install(gpu_node)
    bring_driver(gpu_node)
    gpu_node.shell(
        f"touch /calls/active-{NODE_MANAGER}; umount /emr-ensembles-cgroup/devices;"
        " chmod 700 /mnt/emr-ensembles/scratch"
    )
    failed = failing(verdict(gpu_node, 1))
    assert set(failed) == {"scratch", "cgroup"}
    assert failed["cgroup"].startswith("cgroup.sh: error: the cgroup-v1 devices hierarchy is not")


def test_a_library_that_cannot_be_imported_is_named_with_its_error(node: Node) -> None:
    broken = {**archives.MODULES, "horovod/mxnet.py": 'raise OSError("no \\"libnccl\\" \\\\ à")\n'}
    install(node, broken)
    node.shell(f"touch /calls/active-{NODE_MANAGER}")
    failed = failing(verdict(node, 1))
    assert set(failed) == {"import horovod"}
    assert failed["import horovod"].startswith('in cpu-0123456789ab: OSError: no "libnccl" \\ ')


def test_applications_that_never_come_are_waited_for_until_the_limit(node: Node) -> None:
    install(node)
    failed = failing(verdict(node, 1))
    assert failed == {"applications": f"{NODE_MANAGER} is not running after 1 s"}


def test_the_primary_node_waits_for_the_resource_manager(node: Node) -> None:
    install(node)
    node.shell(
        "mkdir -p /mnt/var/lib/info; echo '{\"isMaster\": true}' >/mnt/var/lib/info/instance.json;"
        f"touch /calls/active-{RESOURCE_MANAGER}"
    )
    written = verdict(node, 0)
    assert written["checks"][0]["detail"] == f"{RESOURCE_MANAGER} is running"


def test_a_verdict_of_an_earlier_boot_is_gone_while_the_node_is_checked(node: Node) -> None:
    install(node)
    node.shell("mkdir -p /var/lib/emr-ensembles; echo old >/var/lib/emr-ensembles/verdict.json")
    node.fake("hostname", "ls /var/lib/emr-ensembles/verdict.json >/calls/seen 2>&1; echo node-1")
    verdict(node, 1)
    assert "No such file" in node.calls("seen")[0]


@pytest.mark.slow
def test_the_real_libraries_are_imported(node: Node) -> None:
    install(node, {"this-machine.pth": "/packages\n"})
    node.shell(f"touch /calls/active-{NODE_MANAGER}")
    details = {check["name"]: check["detail"] for check in verdict(node, 0)["checks"]}
    versions = [details[name].split(" in ")[0] for name in IMPORTS]
    assert versions == ["1.9.1", "0.28.1", "3.2.0"]

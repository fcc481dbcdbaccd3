import pytest

from tests.bootstrap.node import Node

pytestmark = pytest.mark.timeout(60)

HIERARCHY = "/emr-ensembles-cgroup/devices"
AS_NODE_MANAGER = "setpriv --reuid 65534 --regid 65534 --clear-groups"


def test_a_container_is_denied_the_devices_that_it_was_not_given(gpu_node: Node) -> None:
    assert gpu_node.part("cgroup.sh").returncode == 0
    group = f"{HIERARCHY}/yarn/container_1"
    # The NodeManager makes the group as its own user; container-executor, as root, closes it.
    gpu_node.shell(f"{AS_NODE_MANAGER} mkdir {group}; echo 'c 1:7 rwm' >{group}/devices.deny")
    read = f"(echo $BASHPID >{group}/cgroup.procs; head -c 1 /dev/full)"
    denied = gpu_node.run("bash", "-c", read)
    assert "Operation not permitted" in denied.stderr
    gpu_node.shell(f"echo 'c 1:7 rwm' >{group}/devices.allow; {read} >/dev/null")
    gpu_node.shell(f"{AS_NODE_MANAGER} rmdir {group}")


def test_a_users_process_cannot_change_what_the_node_is_allowed(gpu_node: Node) -> None:
    assert gpu_node.part("cgroup.sh").returncode == 0
    user = AS_NODE_MANAGER.split()
    allow = f"{HIERARCHY}/yarn/devices.allow"
    written = gpu_node.run(*user, "bash", "-c", f"echo 'c 1:7 rwm' >{allow}")
    made = gpu_node.run(*user, "mkdir", f"{HIERARCHY}/own")
    assert written.stderr.endswith(f"{allow}: Permission denied\n")
    assert made.stderr.endswith("Permission denied\n")


def test_the_hierarchy_is_back_after_a_reboot(gpu_node: Node) -> None:
    assert gpu_node.part("cgroup.sh").returncode == 0
    gpu_node.shell(f"umount {HIERARCHY}")
    assert gpu_node.part("cgroup.sh", "--verify").returncode == 3
    unit = gpu_node.shell("cat /etc/systemd/system/emr-ensembles-cgroup.service")
    command = next(line for line in unit.splitlines() if line.startswith("ExecStart="))
    gpu_node.shell(command.removeprefix("ExecStart="))
    assert gpu_node.part("cgroup.sh", "--verify").returncode == 0


def test_the_unit_runs_before_the_node_manager(gpu_node: Node) -> None:
    assert gpu_node.part("cgroup.sh").returncode == 0
    unit = gpu_node.shell("cat /etc/systemd/system/emr-ensembles-cgroup.service")
    assert "Before=hadoop-yarn-nodemanager.service" in unit.splitlines()
    assert gpu_node.calls("systemctl")[-3:-1] == [
        "daemon-reload",
        "enable --quiet emr-ensembles-cgroup.service",
    ]

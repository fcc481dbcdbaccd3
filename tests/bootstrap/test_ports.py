import pytest

from tests.bootstrap.node import Node

pytestmark = pytest.mark.timeout(60)


def test_the_kernel_takes_ports_from_the_stated_range_now_and_after_a_reboot(node: Node) -> None:
    setting = "net.ipv4.ip_local_port_range"
    node.shell(f"sysctl -q -w {setting}='1024 65000'")
    assert node.part("ports.sh").returncode == 0
    assert node.shell(f"sysctl -n {setting}").split() == ["32768", "60999"]
    kept = node.shell("cat /etc/sysctl.d/90-emr-ensembles-ports.conf").splitlines()
    assert kept[-1] == f"{setting} = 32768 60999"

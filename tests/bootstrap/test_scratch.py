import pytest

from tests.bootstrap.node import Node

pytestmark = pytest.mark.timeout(60)


def test_every_mounted_volume_gets_scratch_and_the_root_volume_none(node: Node) -> None:
    assert node.part("scratch.sh").returncode == 0
    found = node.shell("ls -d /mnt*/emr-ensembles/*")
    assert found.splitlines() == ["/mnt/emr-ensembles/scratch", "/mnt1/emr-ensembles/scratch"]


def test_users_write_there_but_do_not_delete_each_others_files(node: Node) -> None:
    assert node.part("scratch.sh").returncode == 0
    file = "/mnt1/emr-ensembles/scratch/file"
    node.shell(f"setpriv --reuid 1001 --clear-groups touch {file}")
    other = node.run("setpriv", "--reuid", "1002", "--clear-groups", "rm", "-f", file)
    assert other.returncode != 0
    node.shell(f"setpriv --reuid 1001 --clear-groups rm {file}")

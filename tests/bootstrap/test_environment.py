import subprocess
from pathlib import Path

import pytest

from tests.bootstrap import archives
from tests.bootstrap.node import Node

pytestmark = pytest.mark.timeout(60)

ENVIRONMENTS = "/opt/emr-ensembles/env"


def install(node: Node, uri: str, sha256: str) -> subprocess.CompletedProcess[str]:
    return node.part("environment.sh", "--archive", uri, "--sha256", sha256)


def published(node: Node, name: str = "cpu-0123456789ab") -> tuple[str, str]:
    return archives.publish_environment(node.root / "s3" / "bucket", name)


def left_over(node: Node) -> str:
    return node.shell(f"find {ENVIRONMENTS} /mnt /var/tmp -mindepth 1 -maxdepth 1")


def test_any_user_imports_from_the_environment_whatever_mask_it_was_installed_with(
    node: Node,
) -> None:
    uri, sha256 = published(node)
    script = "/opt/emr-ensembles/bootstrap/current/environment.sh"
    node.shell(f"umask 077; {script} --archive {uri} --sha256 {sha256}")
    python = f"{ENVIRONMENTS}/cpu-0123456789ab/bin/python"
    code = "import mxnet, horovod.mxnet, xgboost; print(mxnet.__file__)"
    told = node.shell(f"setpriv --reuid 65534 --clear-groups {python} -c '{code}'")
    assert told.startswith(f"{ENVIRONMENTS}/cpu-0123456789ab/{archives.SITE_PACKAGES}/")
    assert node.shell(f"stat -c %a {ENVIRONMENTS}/cpu-0123456789ab {ENVIRONMENTS}") == "755\n755"


def test_python_is_installed_beside_the_systems_own_and_only_where_it_is_missing(
    node: Node,
) -> None:
    assert install(node, *published(node)).returncode == 0
    assert node.calls("dnf") == ["install --assumeyes --quiet python3.11"]
    assert install(node, *published(node, "gpu-0123456789ab")).returncode == 0
    assert len(node.calls("dnf")) == 1


def test_versions_of_an_environment_lie_side_by_side(node: Node) -> None:
    assert install(node, *published(node)).returncode == 0
    assert install(node, *published(node, "cpu-ffffffffffff")).returncode == 0
    assert node.shell(f"ls {ENVIRONMENTS}") == "cpu-0123456789ab\ncpu-ffffffffffff"
    assert node.part("environment.sh", "--verify").returncode == 0


def test_an_archive_with_another_sha256_is_not_used(node: Node) -> None:
    uri, sha256 = published(node)
    done = install(node, uri, "0" * 64)
    assert done.returncode == 1
    assert done.stderr == (
        f"environment.sh: error: {uri} has the sha256 {sha256}, not {'0' * 64} as was asked for;"
        " nothing of it was used\n"
    )
    assert left_over(node) == ""


def test_an_environment_of_the_same_name_from_another_archive_is_replaced(node: Node) -> None:
    uri, sha256 = published(node)
    assert install(node, uri, sha256).returncode == 0
    record = f"{ENVIRONMENTS}/cpu-0123456789ab/.archive-sha256"
    node.shell(f"echo {'0' * 64} >{record}")
    verified = node.part("environment.sh", "--verify", "--archive", uri, "--sha256", sha256)
    assert verified.returncode == 3
    assert "another sha256" in verified.stderr
    assert install(node, uri, sha256).returncode == 0
    assert node.shell(f"cat {record}") == sha256


def test_a_read_that_fails_twice_is_tried_again_with_growing_pauses(node: Node) -> None:
    (node.root / "calls" / "aws-failures").write_text("2")
    assert install(node, *published(node)).returncode == 0
    assert node.calls("sleep") == ["2", "4"]


def test_a_read_that_keeps_failing_ends_with_its_reason(node: Node) -> None:
    uri, sha256 = published(node)
    (node.root / "calls" / "aws-failures").write_text("99")
    done = install(node, uri, sha256)
    assert done.returncode == 1
    assert len(node.calls("aws")) == 4
    assert done.stderr.splitlines()[-1] == (
        f"environment.sh: error: {uri} could not be read in 4 tries;"
        " check that it exists and that the role of the nodes may read it"
    )
    assert left_over(node) == ""


def test_python_that_cannot_be_installed_ends_with_its_reason(node: Node) -> None:
    (node.root / "calls" / "dnf-broken").touch()
    done = install(node, *published(node))
    assert done.returncode == 1
    assert len(node.calls("dnf")) == 4
    assert done.stderr.splitlines()[-1].startswith(
        "environment.sh: error: dnf could not install python3.11 in 4 tries"
    )


def test_what_a_killed_run_has_left_is_no_environment_and_goes_with_the_next(node: Node) -> None:
    node.shell(f"mkdir -p {ENVIRONMENTS}/.new.abc/bin /mnt/emr-ensembles-download.abc")
    assert node.part("environment.sh", "--verify").returncode == 3
    assert install(node, *published(node)).returncode == 0
    assert left_over(node) == f"{ENVIRONMENTS}/cpu-0123456789ab"


def test_an_archive_that_is_cut_short_leaves_no_half_environment(node: Node) -> None:
    uri, _ = published(node)
    archive = node.root / "s3" / uri.removeprefix("s3://")
    archive.write_bytes(archive.read_bytes()[:-40])
    sha256 = subprocess.run(["sha256sum", archive], check=True, capture_output=True, text=True)
    done = install(node, uri, sha256.stdout.split()[0])
    assert done.returncode == 1
    assert "could not be unpacked" in done.stderr.splitlines()[-1]
    assert left_over(node) == ""


def test_an_environment_of_another_python_is_refused(node: Node, tmp_path: Path) -> None:
    folder = node.root / "s3" / "bucket"
    published(node)
    unpacked = folder / "unpacked-cpu-0123456789ab"
    (unpacked / "bin" / "python").unlink()
    (unpacked / "bin" / "python").symlink_to("/usr/bin/python3.12")
    archive = tmp_path / "node" / "emr-ensembles-cpu-0123456789ab.tar.gz"
    subprocess.run(["tar", "-czf", archive, "-C", unpacked, "."], check=True)
    sha256 = subprocess.run(["sha256sum", archive], check=True, capture_output=True, text=True)
    done = install(node, f"/{archive.name}", sha256.stdout.split()[0])
    assert done.returncode == 1
    assert "bin/python is not a Python 3.11 but says: " in done.stderr
    assert "No such file or directory" in done.stderr


def test_only_one_script_at_a_time_changes_the_node(node: Node) -> None:
    lock = "/opt/emr-ensembles/.lock"
    node.shell(f"mkdir -p {lock.rpartition('/')[0]}")
    order = node.shell(
        f"(flock {lock} sh -c '/usr/bin/sleep 1; echo first >/tmp/order') &>/dev/null &"
        " /usr/bin/sleep 0.3; /opt/emr-ensembles/bootstrap/current/scratch.sh >/dev/null;"
        " cat /tmp/order"
    )
    assert order == "first"

import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.bootstrap import archives
from tests.bootstrap.node import BOOTSTRAP, Node

pytestmark = pytest.mark.timeout(60)


def test_the_same_sources_give_the_same_bundle(tmp_path: Path) -> None:
    made = []
    for name, mask in (("one", 0o022), ("two", 0o077)):
        folder = tmp_path / name
        folder.mkdir()
        before = os.umask(mask)
        try:
            uri, sha256 = archives.publish_bundle(folder)
        finally:
            os.umask(before)
        made.append((folder / Path(uri).name).read_bytes())
        assert Path(uri).name == f"emr-ensembles-bootstrap-{sha256[:12]}.tar.gz"
        checked = subprocess.run(
            ["sha256sum", "--check", f"{Path(uri).name}.sha256"], cwd=folder, check=False
        )
        assert checked.returncode == 0
    assert made[0] == made[1]


def test_the_bundle_holds_every_file_that_a_node_needs(tmp_path: Path) -> None:
    uri, _ = archives.publish_bundle(tmp_path)
    with tarfile.open(tmp_path / Path(uri).name) as bundle:
        held = {member.name.removeprefix("./"): member.mode for member in bundle if member.isfile()}
    files = {path.name for path in BOOTSTRAP.iterdir() if not path.name.startswith(".")}
    assert set(held) == files - {"README.md", "bundle.sh"} | {"SHA256SUMS"}
    assert all(
        held[name] == (0o755 if (BOOTSTRAP / name).read_bytes()[:2] == b"#!" else 0o644)
        for name in set(held) - {"SHA256SUMS"}
    )


def test_systemd_accepts_the_units(node: Node) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("needs the program systemd-analyze")
    node.shell("cp /opt/emr-ensembles/bootstrap/current/*.service /etc/systemd/system")
    units = node.shell("ls /etc/systemd/system/emr-ensembles-*.service").split()
    assert len(units) == 2
    checked = node.run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *units)
    assert (checked.returncode, checked.stderr) == (0, "")

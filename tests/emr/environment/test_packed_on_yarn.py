"""One packed environment runs jobs on YARN: by the bootstrap action, and as an archive."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.emr.environment.target import directory_on_node
from tests.emr.environment.namespaces import require_namespaces
from tests.emr.environment.packed import pack_cpu

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
@pytest.mark.yarn
@pytest.mark.timeout(2400)
def test_driver_and_workers_run_in_it_both_ways(tmp_path: Path) -> None:
    require_namespaces()
    archive = pack_cpu(tmp_path / "packed")
    opt = tmp_path / "opt"
    opt.mkdir()
    script = f'mount --bind {opt} /opt && exec "$@"'
    run = [sys.executable, "-m", "tests.emr.environment.node_run"]
    done = subprocess.run(
        [
            *("unshare", "--mount", "bash", "-c", script, "bash"),
            *(*run, str(archive.path), str(tmp_path / "node")),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=1800,
    )
    shutil.rmtree(archive.path.parent)
    shutil.rmtree(opt)
    assert done.returncode == 0, done.stderr[-5000:]
    found = json.loads(done.stdout.splitlines()[-1])
    installed = f"{directory_on_node(archive.path.name)}/bin/python"
    assert found["bootstrap"] == {"code": 0, "drivers": [installed], "workers": [installed]}
    unpacked = found["archives"]
    assert unpacked["code"] == 0, done.stderr[-5000:]
    assert all(driver.endswith("/environment/bin/python") for driver in unpacked["drivers"])
    assert unpacked["workers"] == ["./environment/bin/python"]

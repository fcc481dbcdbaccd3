from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline.emr.environment.node import Node
from pipeline.emr.environment.trimming import point_to, trim


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """What `venv` and pip leave, in small."""
    root = tmp_path / "environment"
    site = root / "lib" / "python3.11" / "site-packages"
    for name in (
        "numpy/core/tests/test_a.py",
        "numpy/core/a.py",
        "numpy/core/include/a.h",
        "other/tests/needed.py",
        "horovod-0.28.1.dist-info/direct_url.json",
    ):
        path = site / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (site / "horovod-0.28.1.dist-info" / "RECORD").write_text(
        "../../../bin/horovodrun,sha256=a,1\nnumpy/core/a.py,sha256=b,2\n"
        "horovod-0.28.1.dist-info/direct_url.json,sha256=c,3\n"
        "horovod-0.28.1.dist-info/RECORD,,\n"
    )
    for name in ("bin/activate", "bin/horovodrun", "include/x.h", "share/man/x.1", "pyvenv.cfg"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(root))
    (root / "lib64").symlink_to("lib")
    return root


def _files(root: Path) -> list[str]:
    return sorted(
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.is_symlink() or path.is_file()
    )


def test_what_no_node_runs_goes_and_the_rest_stays(environment: Path) -> None:
    site = environment / "lib" / "python3.11" / "site-packages"
    trim(environment, site)
    assert _files(environment) == [
        "lib/python3.11/site-packages/horovod-0.28.1.dist-info/RECORD",
        "lib/python3.11/site-packages/numpy/core/a.py",
        "lib/python3.11/site-packages/other/tests/needed.py",
        "lib64",
    ]


def test_a_package_s_record_names_only_what_is_there(environment: Path) -> None:
    site = environment / "lib" / "python3.11" / "site-packages"
    trim(environment, site)
    record = site / "horovod-0.28.1.dist-info" / "RECORD"
    assert record.read_text() == ("numpy/core/a.py,sha256=b,2\nhorovod-0.28.1.dist-info/RECORD,,\n")


def test_its_python_is_the_node_s(environment: Path) -> None:
    trim(environment, environment / "lib" / "python3.11" / "site-packages")
    point_to(Node("/opt/python/bin/python3.11"), environment)
    assert os.readlink(environment / "bin" / "python") == "/opt/python/bin/python3.11"
    assert os.readlink(environment / "bin" / "python3.11") == "python"
    assert (environment / "pyvenv.cfg").read_text() == (
        "home = /opt/python/bin\ninclude-system-site-packages = false\nversion = 3.11\n"
    )

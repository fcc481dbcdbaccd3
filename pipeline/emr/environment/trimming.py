"""Making an installed environment one that can be anywhere, with nothing that no node runs."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path

from pipeline.emr.environment.node import Node

# Looked through by hand: nothing in these packages imports its own tests.
_TESTED = ("matplotlib", "numpy", "pandas", "pyarrow", "scipy", "sklearn")
_HEADERS = ("mxnet/include", "nvidia/*/include", "numpy/core/include", "pyarrow/include")


def trim(environment: Path, site_packages: Path) -> None:
    """Delete tests, headers, commands, and every mention of where the environment was built."""
    for package in _TESTED:
        for tests in sorted((site_packages / package).rglob("tests")):
            shutil.rmtree(tests, ignore_errors=True)
    for pattern in _HEADERS:
        for headers in sorted(site_packages.glob(pattern)):
            shutil.rmtree(headers)
    for entry in environment.iterdir():
        if entry.name not in ("lib", "lib64"):
            _delete(entry)
    # pip writes here from which file a package came.
    for source in site_packages.glob("*.dist-info/direct_url.json"):
        source.unlink()
    for record in site_packages.glob("*.dist-info/RECORD"):
        _keep_existing(record, site_packages)


def point_to(node: Node, environment: Path) -> None:
    """Have the environment start the node's own Python."""
    (environment / "bin").mkdir()
    names = ("python", f"python{node.python[0]}", f"python{node.python[0]}.{node.python[1]}")
    (environment / "bin" / names[0]).symlink_to(node.interpreter)
    for name in names[1:]:
        (environment / "bin" / name).symlink_to(names[0])
    (environment / "pyvenv.cfg").write_text(
        f"home = {Path(node.interpreter).parent}\n"
        "include-system-site-packages = false\n"
        f"version = {node.python[0]}.{node.python[1]}\n",
        encoding="utf-8",
    )


def _keep_existing(record: Path, site_packages: Path) -> None:
    """Drop from a package's list of files those that are gone, and with them their hashes."""
    rows = list(csv.reader(io.StringIO(record.read_text(encoding="utf-8"))))
    kept = io.StringIO()
    writer = csv.writer(kept, lineterminator="\n")
    writer.writerows(row for row in rows if row and (site_packages / row[0]).exists())
    record.write_text(kept.getvalue(), encoding="utf-8")


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()

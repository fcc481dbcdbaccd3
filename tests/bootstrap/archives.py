"""What bootstrap actions read from S3: the bundle of scripts, and packed environments."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path

BUNDLE_SCRIPT = Path(__file__).resolve().parents[2] / "bootstrap" / "bundle.sh"
# Where a node of these tests has this machine's interpreter.
PYTHON = f"/python/bin/{Path(sys.executable).resolve().name}"
SITE_PACKAGES = "lib/python3.11/site-packages"
MODULES = {
    "mxnet.py": "__version__ = '1.9.1'\n",
    "horovod/__init__.py": "__version__ = '0.28.1'\n",
    "horovod/mxnet.py": "",
    "xgboost.py": "__version__ = '3.2.0'\n",
}


def publish_bundle(folder: Path) -> tuple[str, str]:
    """Make the bundle in a bucket's folder; its URI and sha256."""
    told = subprocess.run(
        [str(BUNDLE_SCRIPT), str(folder)], check=True, capture_output=True, text=True
    ).stdout.split()
    path, sha256 = Path(told[1]), told[3]
    return f"s3://{folder.name}/{path.name}", sha256


def publish_environment(
    folder: Path,
    name: str = "cpu-0123456789ab",
    modules: Mapping[str, str] = MODULES,
) -> tuple[str, str]:
    """Make a packed environment with these modules in a bucket's folder; its URI and sha256."""
    environment = folder / f"unpacked-{name}"
    files = {
        "pyvenv.cfg": "home = /python/bin\nversion = 3.11\n",
        **{f"{SITE_PACKAGES}/{module}": text for module, text in modules.items()},
    }
    for path, text in files.items():
        file = environment / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    (environment / "bin").mkdir()
    (environment / "bin" / "python").symlink_to(PYTHON)
    archive = folder / f"emr-ensembles-{name}.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for path in sorted(environment.iterdir()):
            tar.add(path, arcname=path.name)
    sha256 = hashlib.sha256(archive.read_bytes()).hexdigest()
    return f"s3://{folder.name}/{archive.name}", sha256

from __future__ import annotations

import hashlib
import subprocess
import zipfile
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from pipeline.emr.environment import packages
from pipeline.emr.environment.packages import fetch_wheels, make_environment, require_pip
from pipeline.errors import UserError


def _wheel(directory: Path, name: str) -> Path:
    """The smallest wheel there can be, with one module."""
    directory.mkdir(exist_ok=True)
    path = directory / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    files = {
        f"{name}.py": f"NAME = {name!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for file, content in files.items():
            archive.writestr(file, content)
        record = "".join(f"{file},,\n" for file in [*files, f"{info}/RECORD"])
        archive.writestr(f"{info}/RECORD", record)
    return path


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that pip takes for all the packages there are."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    for name in ("thing", "pyspark"):
        _wheel(tmp_path / "index", name)
    return tmp_path / "index"


def _lock(tmp_path: Path, index: Path, *, digest: str | None = None) -> Path:
    lock = tmp_path / "base.lock"
    lines = []
    for wheel in sorted(index.iterdir()):
        found = digest or hashlib.sha256(wheel.read_bytes()).hexdigest()
        lines.append(f"{wheel.name.split('-')[0]}==1.0 \\\n    --hash=sha256:{found}\n")
    lock.write_text("".join(lines))
    return lock


def test_what_a_lock_pins_is_fetched_less_what_the_cluster_has(tmp_path: Path, index: Path) -> None:
    fetch_wheels(_lock(tmp_path, index), tmp_path / "wheels")
    assert [path.name for path in (tmp_path / "wheels").glob("*.whl")] == [
        "thing-1.0-py3-none-any.whl"
    ]


def test_a_package_with_another_hash_is_refused(tmp_path: Path, index: Path) -> None:
    lock = _lock(tmp_path, index, digest="0" * 64)
    with pytest.raises(UserError, match=r"the packages of requirements/base\.lock cannot be had"):
        fetch_wheels(lock, tmp_path / "wheels")


def test_the_environment_has_the_wheels_and_no_pip(tmp_path: Path) -> None:
    wheel = _wheel(tmp_path / "wheels", "thing")
    site_packages = make_environment(tmp_path / "environment", [wheel])
    assert (site_packages / "thing.py").is_file()
    assert not (site_packages / "pip").exists()
    code = "import thing; print(thing.NAME)"
    done = subprocess.run(
        [tmp_path / "environment" / "bin" / "python", "-I", "-c", code],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout == "thing\n"


def test_what_pip_of_another_project_is_set_to_does_not_reach_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_TARGET", str(tmp_path / "elsewhere"))
    wheel = _wheel(tmp_path / "wheels", "thing")
    assert (make_environment(tmp_path / "environment", [wheel]) / "thing.py").is_file()


def test_a_damaged_wheel_is_told(tmp_path: Path) -> None:
    wheel = tmp_path / "thing-1.0-py3-none-any.whl"
    wheel.write_text("no wheel")
    with pytest.raises(UserError, match=r"cannot be installed into the environment: .*thing"):
        make_environment(tmp_path / "environment", [wheel])


@pytest.mark.parametrize("missing", ["pip", "setuptools"])
def test_a_python_that_installs_nothing_is_told_what_to_run(
    missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find(name: str) -> None:
        if name == missing:
            raise PackageNotFoundError(name)

    monkeypatch.setattr(packages, "distribution", find)
    with pytest.raises(UserError, match=rf"has no {missing}, .*make setup"):
        require_pip()

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

import pytest

from benchmarks import environments
from benchmarks.environments import TORCH, TRANSFORMERS, Environment, NoEnvironmentError


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with a lock file without packages."""
    monkeypatch.setattr(environments, "ROOT", tmp_path)
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "small.lock").write_text("")
    return tmp_path


@pytest.mark.slow
def test_an_environment_is_made_once_for_a_lock_file(root: Path) -> None:
    environment = Environment("small", "nothing", needed_gb=0)
    python = environment.python()
    assert python == root / ".venv-small" / "bin" / "python"
    assert os.stat(python).st_mode & stat.S_IXUSR
    (root / ".venv-small" / "mark").touch()
    environment.python()
    assert (root / ".venv-small" / "mark").exists()
    (root / "requirements" / "small.lock").write_text("# another\n")
    environment.python()
    assert not (root / ".venv-small" / "mark").exists()


def test_too_little_disk_is_told_before_anything_is_made(root: Path) -> None:
    with pytest.raises(NoEnvironmentError, match="nothing needs 1000000 GB of disk"):
        Environment("small", "nothing", needed_gb=1_000_000).python()
    assert not (root / ".venv-small").exists()


@pytest.mark.slow
def test_a_package_that_cannot_be_had_is_an_error_and_tried_again(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    lock = root / "requirements" / "small.lock"
    digest = hashlib.sha256(b"any").hexdigest()
    lock.write_text(f"emr-ensembles-none==1.0 --hash=sha256:{digest}\n")
    for _ in range(2):
        with pytest.raises(NoEnvironmentError, match=r"small\.lock cannot be installed"):
            Environment("small", "nothing", needed_gb=0).python()


def test_lock_files_of_both_environments_are_there() -> None:
    for environment in (TORCH, TRANSFORMERS):
        lock = environments.ROOT / "requirements" / f"{environment.name}.lock"
        assert "torch==" in lock.read_text()

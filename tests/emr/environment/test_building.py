from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipeline.emr.environment import building
from pipeline.emr.environment.building import Build, build
from pipeline.emr.environment.locks import requirements_directory
from pipeline.emr.environment.node import Machine, Node
from pipeline.emr.environment.target import CPU
from pipeline.errors import UserError

REQUIREMENTS = requirements_directory()


@pytest.fixture
def wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    """A cpu environment, on a machine that fits it and has its Horovod."""
    machine = Machine("Linux x86_64", (3, 11), (2, 34))
    monkeypatch.setattr(building, "this_machine", lambda: machine)
    monkeypatch.setattr(building, "cpu_wheel", lambda _requirements: tmp_path / "horovod.whl")
    return Build(CPU, Node(), REQUIREMENTS)


def test_a_node_that_does_not_fit_is_refused_before_anything_is_written(
    wanted: Build, tmp_path: Path
) -> None:
    older = Build(CPU, Node(glibc=(2, 26)), REQUIREMENTS)
    with pytest.raises(UserError, match=r"glibc 2\.26 is older than"):
        build(older, tmp_path / "out", lambda _step: None)
    assert not (tmp_path / "out").exists()


def test_a_full_disk_is_told_before_minutes_of_work(
    wanted: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def build_horovod(_requirements: Path) -> Path:
        raise AssertionError("minutes of work")

    monkeypatch.setattr(building, "cpu_wheel", build_horovod)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=5e8))
    with pytest.raises(UserError, match=r"0\.5 GB are free, .* needs 2 GB; .*--output"):
        build(wanted, tmp_path, lambda _step: None)


def test_a_build_that_fails_leaves_nothing(
    wanted: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_lock: Path, wheels: Path) -> None:
        wheels.mkdir()
        raise UserError("no network")

    monkeypatch.setattr(building.packages, "fetch_wheels", fail)
    with pytest.raises(UserError, match="no network"):
        build(wanted, tmp_path / "out", lambda _step: None)
    assert list((tmp_path / "out").iterdir()) == []

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipeline.emr.environment import horovod
from pipeline.emr.environment.elf import search_path
from pipeline.emr.environment.horovod import cpu_wheel, gpu_wheel, make_movable
from pipeline.emr.environment.locks import requirements_directory
from pipeline.emr.environment.setup_script import setup_script
from pipeline.errors import UserError
from tests.emr.environment.shared_libraries import linked

REQUIREMENTS = requirements_directory()
NAME = "horovod-0.28.1-cp311-cp311-linux_x86_64.whl"


def _wheel(directory: Path, needed: str, name: str = NAME, *, mended: bool = True) -> Path:
    """A wheel whose library needs another."""
    library = linked(directory / "built", needed, search="/some/path")
    wheel = directory / name
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.write(library, "horovod/mxnet/mpi_lib.cpython-311-x86_64-linux-gnu.so")
        said = "keeps_gloo_interface = True\n" if mended else ""
        archive.writestr("horovod/__init__.py", f"__version__ = '0.28.1'\n{said}")
    return wheel


def test_a_horovod_with_nccl_is_taken(tmp_path: Path) -> None:
    wheel = _wheel(tmp_path, "libnccl.so.2")
    assert gpu_wheel(wheel, REQUIREMENTS) == wheel


def test_without_a_wheel_the_script_that_makes_one_is_named() -> None:
    with pytest.raises(UserError, match=r"requirements/horovod_gpu\.sh .*--horovod-wheel"):
        gpu_wheel(None, REQUIREMENTS)
    assert (REQUIREMENTS / "horovod_gpu.sh").is_file()


def test_a_horovod_without_nccl_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"does not use NCCL \(libnccl\.so\.2\)"):
        gpu_wheel(_wheel(tmp_path, "libmxnet.so"), REQUIREMENTS)


def test_a_horovod_that_was_not_mended_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"without the mending of its Gloo.*horovod_gpu\.sh"):
        gpu_wheel(_wheel(tmp_path, "libnccl.so.2", mended=False), REQUIREMENTS)


def test_set_up_marks_a_horovod_that_it_mended() -> None:
    mending = setup_script(REQUIREMENTS).HOROVOD_MENDING
    _old, new = mending["horovod/__init__.py"]
    assert horovod._MENDED.decode() in new


def test_another_version_is_refused(tmp_path: Path) -> None:
    wheel = _wheel(tmp_path, "libnccl.so.2", NAME.replace("0.28.1", "0.27.0"))
    with pytest.raises(UserError, match=r"to begin with horovod-0\.28\.1-cp311"):
        gpu_wheel(wheel, REQUIREMENTS)


def test_a_file_that_is_no_wheel_is_refused(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("no wheel")
    for wheel in (tmp_path / NAME, tmp_path / "missing.whl"):
        with pytest.raises(UserError, match="no such file, or it is no wheel"):
            gpu_wheel(wheel, REQUIREMENTS)


def test_the_wheel_that_set_up_keeps_is_taken_and_else_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[Path] = []

    def build(kept: Path) -> None:
        kept.mkdir(parents=True)
        (kept / NAME).touch()
        built.append(kept)

    script = SimpleNamespace(
        SetupError=RuntimeError,
        _kept_wheels=lambda: tmp_path,
        _horovod_key=lambda: "key",
        _build_horovod=build,
    )
    monkeypatch.setattr(horovod, "setup_script", lambda _requirements: script)
    for _ in range(2):
        assert cpu_wheel(REQUIREMENTS) == tmp_path / "key" / NAME
    assert built == [tmp_path / "key"]


def test_a_build_that_set_up_refuses_is_the_user_s_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(UserError, match=r"Horovod's wheel: no C\+\+ compiler"):
        cpu_wheel(REQUIREMENTS)


def test_horovod_finds_mxnet_where_the_environment_is_now(tmp_path: Path) -> None:
    site = tmp_path / "built"
    library = linked(tmp_path / "build", search=f"{tmp_path}/machine/lib/python3.11/site-packages")
    (site / "horovod" / "mxnet").mkdir(parents=True)
    (site / "mxnet").mkdir()
    (tmp_path / "build" / "used" / "libmxnet.so").rename(site / "mxnet" / "libmxnet.so")
    installed = library.rename(site / "horovod" / "mxnet" / "mpi_lib.cpython-311.so")
    make_movable(site)
    assert search_path(installed) == "$ORIGIN/../../mxnet"
    moved = site.rename(tmp_path / "moved") / "horovod" / "mxnet" / installed.name
    code = "import ctypes, sys; print(ctypes.CDLL(sys.argv[1]).ask())"
    done = subprocess.run([sys.executable, "-c", code, str(moved)], capture_output=True, check=True)
    assert done.stdout == b"42\n"
    assert str(tmp_path).encode() not in moved.read_bytes()


def test_a_horovod_without_mxnet_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="Horovod was installed without MXNet"):
        make_movable(tmp_path)

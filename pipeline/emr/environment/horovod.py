"""The wheel of Horovod that goes into an environment; nobody publishes one."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from pathlib import Path

from pipeline.emr.environment.elf import needed, set_search_path
from pipeline.emr.environment.locks import locked_version
from pipeline.emr.environment.processes import run
from pipeline.emr.environment.setup_script import setup_script
from pipeline.emr.environment.target import HOROVOD_LOCK
from pipeline.errors import UserError

NCCL = "libnccl.so.2"
_LIBRARY = "horovod/mxnet/mpi_lib*.so"
_MXNET = "$ORIGIN/../../mxnet"
_SCRIPT = "requirements/horovod_gpu.sh"
# What requirements/install.py writes into a Horovod whose source it has mended.
_MENDED = b"keeps_gloo_interface = True"


def cpu_wheel(requirements: Path) -> Path:
    """The wheel over Gloo that `make setup` built and keeps; built now where it is not kept.

    Raises
    ------
    UserError
        When it cannot be built.
    """
    setup = setup_script(requirements)
    try:
        kept: Path = setup._kept_wheels() / setup._horovod_key()
        if not list(kept.glob("*.whl")):
            setup._build_horovod(kept)
    except setup.SetupError as error:
        raise UserError(f"Horovod's wheel: {error}") from error
    (wheel,) = kept.glob("*.whl")
    return wheel


def gpu_wheel(wheel: Path | None, requirements: Path) -> Path:
    """The wheel with NCCL that the caller names, looked at before anything is downloaded.

    Raises
    ------
    UserError
        When none is named, or it is of another version, has no NCCL, or was not mended.
    """
    version = locked_version(requirements / HOROVOD_LOCK, "horovod")
    if wheel is None:
        raise UserError(
            "the gpu environment needs a Horovod with NCCL, and no package index has one; build "
            f"it by {_SCRIPT} (on Amazon Linux 2023 with NVIDIA's CUDA toolkit 11.8), and name "
            "the file that it makes by --horovod-wheel"
        )
    expected = f"horovod-{version}-cp311-cp311-"
    if not wheel.is_file() or not zipfile.is_zipfile(wheel):
        raise UserError(f"--horovod-wheel {wheel}: no such file, or it is no wheel")
    if not wheel.name.startswith(expected):
        raise UserError(f"--horovod-wheel {wheel}: expected the name to begin with {expected}")
    if NCCL not in _needed_by(wheel):
        raise UserError(
            f"--horovod-wheel {wheel}: this Horovod does not use NCCL ({NCCL}), so it is not one "
            f"that {_SCRIPT} made"
        )
    if not _is_mended(wheel):
        raise UserError(
            f"--horovod-wheel {wheel}: this Horovod was built without the mending of its Gloo, "
            f"which the lock files' version needs; build it again by {_SCRIPT}"
        )
    return wheel


def make_movable(site_packages: Path) -> None:
    """Have Horovod look for MXNet beside itself, no longer in the environment it was built in.

    What only a debugger reads goes: 46 MB.

    Raises
    ------
    UserError
        When its library is not there, or cannot be changed.
    """
    libraries = list(site_packages.glob(_LIBRARY))
    if not libraries:
        raise UserError(f"Horovod was installed without MXNet: there is no {_LIBRARY}")
    for library in libraries:
        run(
            ["strip", "--strip-unneeded", str(library)],
            "Horovod's library cannot be stripped (strip comes with the compiler, in binutils)",
        )
        set_search_path(library, _MXNET)


def _is_mended(wheel: Path) -> bool:
    with zipfile.ZipFile(wheel) as archive:
        try:
            return _MENDED in archive.read("horovod/__init__.py")
        except KeyError:
            return False


def _needed_by(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive, tempfile.TemporaryDirectory() as directory:
        for name in archive.namelist():
            if Path(name).match(_LIBRARY):
                library = Path(directory) / "library.so"
                with archive.open(name) as source, library.open("wb") as sink:
                    shutil.copyfileobj(source, sink)
                return needed(library)
    return []

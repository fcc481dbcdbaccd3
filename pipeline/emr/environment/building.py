"""Building an environment on this machine, from the lock files to the archive."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from pipeline.emr.environment import packages
from pipeline.emr.environment.archive import Archive, make_archive
from pipeline.emr.environment.bytecode import compile_modules
from pipeline.emr.environment.horovod import cpu_wheel, gpu_wheel, make_movable
from pipeline.emr.environment.libraries import link_libraries
from pipeline.emr.environment.node import Node, require_fit, this_machine
from pipeline.emr.environment.processes import run
from pipeline.emr.environment.target import GPU, Target
from pipeline.emr.environment.trimming import point_to, trim
from pipeline.errors import UserError

Say: TypeAlias = Callable[[str], None]
"""Told which step begins."""

# Needs no GPU, but for the gpu target NVIDIA's driver, which machines that build rarely have.
_CHECK = """
import pandas, pyarrow, sklearn, xgboost
import horovod.mxnet
raise SystemExit(not horovod.mxnet.gloo_built())
"""


@dataclass(frozen=True)
class Build:
    """What to build.

    Parameters
    ----------
    target : Target
        The kind of node.
    node : Node
        What such a node has.
    requirements : Path
        The directory of the lock files.
    horovod_wheel : Path, optional
        The Horovod of the gpu target.
    """

    target: Target
    node: Node
    requirements: Path
    horovod_wheel: Path | None = None


def build(wanted: Build, output: Path, say: Say) -> Archive:
    """Build an environment on this machine and pack it into a directory.

    Raises
    ------
    UserError
        When this machine cannot build it, or a step fails; nothing is left then.
    """
    require_fit(wanted.node, this_machine())
    packages.require_pip()
    output.mkdir(parents=True, exist_ok=True)
    _require_room(output, wanted.target)
    horovod = _horovod(wanted)
    with tempfile.TemporaryDirectory(prefix=".pack-", dir=output) as name:
        environment = _installed(wanted, horovod, Path(name).resolve(), say)
        say("archive")
        return make_archive(environment, output / wanted.target.archive_name(wanted.requirements))


def _horovod(wanted: Build) -> Path:
    if wanted.target is GPU:
        return gpu_wheel(wanted.horovod_wheel, wanted.requirements)
    return cpu_wheel(wanted.requirements)


def _installed(wanted: Build, horovod: Path, work: Path, say: Say) -> Path:
    wheels, environment = work / "wheels", work / "environment"
    say("packages")
    packages.fetch_wheels(wanted.requirements / wanted.target.locks[0], wheels)
    say("installation")
    site_packages = packages.make_environment(environment, [*wheels.glob("*.whl"), horovod])
    shutil.rmtree(wheels)
    make_movable(site_packages)
    link_libraries(site_packages)
    python = (environment / "bin" / "python").resolve()
    if wanted.target is not GPU:
        say("check")
        run(
            [str(environment / "bin" / "python"), "-I", "-B", "-c", _CHECK],
            "what was installed does not work",
        )
    trim(environment, site_packages)
    say("compiled modules")
    compile_modules(python, environment, site_packages)
    point_to(wanted.node, environment)
    return environment


def _require_room(output: Path, target: Target) -> None:
    free_gb = shutil.disk_usage(output).free / 1e9
    if free_gb < target.disk_gb:
        raise UserError(
            f"{output}: {free_gb:.1f} GB are free, and packing the {target.name} environment needs "
            f"{target.disk_gb} GB; name a directory on another disk by --output"
        )

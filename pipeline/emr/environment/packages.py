"""Installing what the lock files pin into an empty environment, under their hashes."""

from __future__ import annotations

import sys
import venv
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from pipeline.emr.environment.locks import without
from pipeline.emr.environment.processes import run
from pipeline.emr.environment.target import LEFT_OUT
from pipeline.errors import UserError


def require_pip() -> None:
    """Refuse to begin in an environment that cannot install anything.

    Raises
    ------
    UserError
        When this Python has no pip, or not what packages that come as source are built by.
    """
    for name in ("pip", "setuptools", "wheel"):
        try:
            distribution(name)
        except PackageNotFoundError:
            raise UserError(
                f"{sys.executable} has no {name}, which packing an environment needs; run make "
                "setup, and this command by .venv/bin/emr-ensembles"
            ) from None


def fetch_wheels(lock: Path, wheels: Path) -> None:
    """Download what a lock file pins, and build what comes as source, into a directory.

    Raises
    ------
    UserError
        When something cannot be had, or has another hash.
    """
    wheels.mkdir()
    wanted = wheels / "requirements.txt"
    wanted.write_text(without(lock.read_text(encoding="utf-8"), LEFT_OUT), encoding="utf-8")
    # Without build isolation: what builds them is what build.lock pins, in this environment.
    how = ["--require-hashes", "--no-deps", "--no-build-isolation"]
    run(
        [*_pip(), "wheel", *how, "--wheel-dir", str(wheels), "-r", str(wanted)],
        f"the packages of requirements/{lock.name} cannot be had",
    )


def make_environment(environment: Path, wheels: list[Path]) -> Path:
    """Make an environment of this Python, without pip, with those wheels; its site-packages.

    Raises
    ------
    UserError
        When they cannot be installed.
    """
    venv.EnvBuilder(symlinks=True, with_pip=False).create(environment)
    python = environment / "bin" / "python"
    how = ["--no-index", "--no-deps", "--no-compile", "--no-warn-script-location"]
    run(
        [*_pip("--python", str(python)), "install", *how, *map(str, sorted(wheels))],
        "the packages cannot be installed into the environment",
    )
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    return environment / "lib" / version / "site-packages"


def _pip(*options: str) -> list[str]:
    return [sys.executable, "-m", "pip", *options, "--quiet", "--disable-pip-version-check"]

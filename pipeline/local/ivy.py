"""Jars from a Maven repository: resolved once by the Ivy that Spark carries, then kept."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyspark

from pipeline.errors import UserError
from pipeline.local.claim import locked

_PATIENCE_S = 1200.0
_TAIL_LINES = 5
# Spark's own chain also looks into the local Maven cache, and fails where that holds a pom alone.
_SETTINGS = """<ivysettings>
  <settings defaultResolver="central"/>
  <caches defaultCacheDir="{cache}"/>
  <resolvers><ibiblio name="central" m2compatible="true"/></resolvers>
</ivysettings>
"""
_MODULE = """<ivy-module version="2.0">
  <info organisation="emr-ensembles" module="jars"/>
  <configurations><conf name="default"/></configurations>
  <dependencies>
{dependencies}
  </dependencies>
</ivy-module>
"""
_DEPENDENCY = '    <dependency org="{group}" name="{name}" rev="{version}" conf="{conf}"/>'
_ALONE = "default->master(default)"
_WITH_ALL = "default->compile(default),runtime(default),master(default)"


@dataclass(frozen=True)
class Module:
    """A library in a Maven repository.

    Parameters
    ----------
    group, name, version : str
        Its coordinates.
    is_alone : bool
        Whether what it depends on is left out.
    """

    group: str
    name: str
    version: str
    is_alone: bool = False


def kept(name: str) -> Path:
    """Where a set of jars is once it has been resolved."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "emr-ensembles" / name


def resolved(name: str, what: str, modules: Sequence[Module], java_home: str) -> Path:
    """The directory of a set of jars; the first time takes minutes, and needs a repository.

    Parameters
    ----------
    name : str
        Of the set: the directory is kept under it.
    what : str
        The set in words, for an error.
    modules : sequence of Module
        The libraries.
    java_home : str
        What Ivy runs on.

    Raises
    ------
    UserError
        When they cannot be resolved; ends with Ivy's last words.
    """
    place = kept(name)
    if place.exists():
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    with locked(place.parent / f"{name}.lock"):
        if not place.exists():
            _resolve(java_home, place, what, modules)
    return place


def _resolve(java_home: str, place: Path, what: str, modules: Sequence[Module]) -> None:
    """Into a directory beside the place, which is renamed when it is whole."""
    with tempfile.TemporaryDirectory(prefix=".jars-", dir=place.parent) as name:
        work = Path(name)
        (work / "ivysettings.xml").write_text(_SETTINGS.format(cache=work / "cache"))
        lines = [
            _DEPENDENCY.format(
                group=each.group,
                name=each.name,
                version=each.version,
                conf=_ALONE if each.is_alone else _WITH_ALL,
            )
            for each in modules
        ]
        (work / "ivy.xml").write_text(_MODULE.format(dependencies="\n".join(lines)))
        done = _run_ivy(java_home, work)
        jars = list((work / "jars").glob("*.jar"))
        if done.returncode != 0 or not jars:
            said = [line.strip() for line in (done.stdout + done.stderr).splitlines()]
            last = " | ".join([line for line in said if line][-_TAIL_LINES:])
            raise UserError(
                f"the jars of {what} cannot be resolved from a Maven repository: {last}"
            )
        (work / "jars").rename(place)


def _run_ivy(java_home: str, work: Path) -> subprocess.CompletedProcess[str]:
    (ivy,) = (Path(pyspark.__file__).parent / "jars").glob("ivy-*.jar")
    command = [
        *(f"{java_home}/bin/java", "-cp", str(ivy), "org.apache.ivy.Main"),
        *("-settings", "ivysettings.xml", "-ivy", "ivy.xml", "-types", "jar", "bundle"),
        *("-retrieve", "jars/[artifact]-[revision](-[classifier]).[ext]"),
    ]
    try:
        return subprocess.run(
            command, cwd=work, capture_output=True, text=True, check=False, timeout=_PATIENCE_S
        )
    except subprocess.TimeoutExpired:
        shutil.rmtree(work / "jars", ignore_errors=True)
        return subprocess.CompletedProcess(command, 1, "", f"no end after {_PATIENCE_S:.0f} s")

"""Hadoop's jars: resolved once by the Ivy that Spark carries, kept for all checkouts."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pyspark

from pipeline.errors import UserError
from pipeline.local.claim import locked

VERSION = "3.4.2"
"""That of EMR 7.14."""

# The ResourceManager does not start without the last one.
_MODULES = (
    "hadoop-hdfs",
    "hadoop-yarn-server-resourcemanager",
    "hadoop-yarn-server-nodemanager",
    "hadoop-yarn-server-timelineservice",
)
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
  <info organisation="emr-ensembles" module="hadoop"/>
  <configurations><conf name="default"/></configurations>
  <dependencies>
{dependencies}
  </dependencies>
</ivy-module>
"""
_DEPENDENCY = '    <dependency org="org.apache.hadoop" name="{name}" rev="{version}" {conf}/>'
_CONF = 'conf="default->compile(default),runtime(default),master(default)"'


def hadoop_jars(java_home: str) -> Path:
    """The directory of the jars; the first time takes minutes, and needs a Maven repository.

    Parameters
    ----------
    java_home : str
        What Ivy runs on.

    Raises
    ------
    UserError
        When they cannot be resolved; ends with Ivy's last words.
    """
    place = kept()
    if place.exists():
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    with locked(place.parent / "hadoop.lock"):
        if not place.exists():
            _resolve(java_home, place)
    return place


def kept() -> Path:
    """Where the jars are once they have been resolved."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "emr-ensembles" / f"hadoop-{VERSION}"


def _resolve(java_home: str, place: Path) -> None:
    """Into a directory beside the place, which is renamed when it is whole."""
    with tempfile.TemporaryDirectory(prefix=".hadoop-", dir=place.parent) as name:
        work = Path(name)
        (work / "ivysettings.xml").write_text(_SETTINGS.format(cache=work / "cache"))
        lines = (
            _DEPENDENCY.format(name=module, version=VERSION, conf=_CONF) for module in _MODULES
        )
        (work / "ivy.xml").write_text(_MODULE.format(dependencies="\n".join(lines)))
        done = _run_ivy(java_home, work)
        jars = list((work / "jars").glob("*.jar"))
        if done.returncode != 0 or not jars:
            said = [line.strip() for line in (done.stdout + done.stderr).splitlines()]
            last = " | ".join([line for line in said if line][-_TAIL_LINES:])
            raise UserError(
                f"the jars of Hadoop {VERSION} cannot be resolved from a Maven repository: {last}"
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

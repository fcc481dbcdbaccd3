"""Where a NameNode answers over HTTP: from Hadoop's own configuration files."""

from __future__ import annotations

import os
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from urllib.parse import urlsplit

from pipeline.errors import UserError

_FILES = ("core-site.xml", "hdfs-site.xml")
_VARIABLES = ("HADOOP_CONF_DIR", "YARN_CONF_DIR")
# What Spark brings into each of its containers on YARN, and where a node of EMR has it.
_PLACES = ("__spark_conf__/__hadoop_conf__", "/etc/hadoop/conf")
_PORTS = {"http": 9870, "https": 9871}


def read_configuration() -> dict[str, str]:
    """Hadoop's properties of the first directory that has such files; empty where none has."""
    named = [os.environ[name] for name in _VARIABLES if os.environ.get(name)]
    for place in [*named, *_PLACES]:
        found = [Path(place, name) for name in _FILES if Path(place, name).is_file()]
        if found:
            return {name: value for file in found for name, value in _properties(file)}
    return {}


def addresses(authority: str, properties: dict[str, str]) -> tuple[str, ...]:
    """The URLs at which the NameNodes of a name space may answer, one after the other.

    Parameters
    ----------
    authority : str
        What stands behind `hdfs://`: `host`, `host:port`, a nameservice, or nothing for the one
        of `fs.defaultFS`.
    properties : dict of str to str
        Of `read_configuration`.

    Raises
    ------
    UserError
        When the URI names no NameNode and the configuration does not either.
    """
    default = urlsplit(properties.get("fs.defaultFS", ""))
    own = default.netloc if default.scheme == "hdfs" else ""
    name = authority or own
    if not name:
        raise UserError(
            "hdfs:///…: no NameNode is named, and Hadoop's configuration names none; write "
            "hdfs://HOST:PORT/…, or set HADOOP_CONF_DIR"
        )
    scheme = "https" if properties.get("dfs.http.policy") == "HTTPS_ONLY" else "http"
    key = f"dfs.namenode.{scheme}-address"
    members = _split(properties.get(f"dfs.ha.namenodes.{name}", ""))
    if members:
        found = [properties.get(f"{key}.{name}.{member}", "") for member in members]
        return tuple(f"{scheme}://{address}" for address in found if address)
    host = name.rpartition("@")[2].partition(":")[0]
    port = _PORTS[scheme]
    if name == own:
        port = int(properties.get(key, "").partition(":")[2] or port)
    return (f"{scheme}://{host}:{port}",)


def _properties(file: Path) -> list[tuple[str, str]]:
    try:
        root = ElementTree.parse(file).getroot()
    except ElementTree.ParseError as error:
        raise UserError(f"{file}: is not a configuration of Hadoop: {error}") from None
    pairs = ((item.findtext("name"), item.findtext("value")) for item in root.iter("property"))
    return [(name.strip(), (value or "").strip()) for name, value in pairs if name]


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]

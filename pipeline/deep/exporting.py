"""A network's two files, as a model holds them. For executors, where MXNet is loaded."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from pipeline.deep.network_file import SYMBOL, WEIGHTS
from pipeline.files.local_directory import spool_directory


def exported(net: Any) -> dict[str, bytes]:
    """MXNet's two files of a hybrid network that has been called."""
    with tempfile.TemporaryDirectory(dir=spool_directory()) as name:
        net.export(str(Path(name) / "network"))
        found = {file: (Path(name) / file).read_bytes() for file in (SYMBOL, WEIGHTS)}
    return {**found, SYMBOL: without_initialisers(found[SYMBOL])}


def without_initialisers(symbol: bytes) -> bytes:
    """An exported symbol without the names of its params' initialisers.

    MXNet puts a constant's address in memory there, so equal networks would differ in every run.
    """
    graph = json.loads(symbol)
    for node in graph["nodes"]:
        node.get("attrs", {}).pop("__init__", None)
    return json.dumps(graph, indent=2).encode()

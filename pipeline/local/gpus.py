"""GPUs that are not there: a Worker offers them, so that GPU scheduling is tried without any."""

from __future__ import annotations

import json
from pathlib import Path


def write_discovery_script(path: Path, count: int) -> None:
    """Write the script by which a Worker learns of `count` GPUs, numbered from 0."""
    found = json.dumps({"name": "gpu", "addresses": [str(number) for number in range(count)]})
    path.write_text(f"#!/bin/sh\nprintf '%s\\n' '{found}'\n", encoding="utf-8")
    path.chmod(0o755)


def worker_properties(script: Path, count: int) -> dict[str, str]:
    """What makes a Worker offer the GPUs of a discovery script."""
    return {
        "spark.worker.resource.gpu.amount": str(count),
        "spark.worker.resource.gpu.discoveryScript": str(script),
    }

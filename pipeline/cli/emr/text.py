"""Times and JSON, as the commands write them."""

from __future__ import annotations

import dataclasses
import datetime
import json
import sys
from collections.abc import Iterable

from pipeline.emr.running.states import Cluster
from pipeline.emr.running.step_watch import duration


def age_text(cluster: Cluster) -> str:
    """How long a cluster has lived, or lived, such as `1 h 05 min`."""
    if cluster.created is None:
        return "unknown"
    end = cluster.ended or datetime.datetime.now(datetime.UTC)
    return duration(max((end - cluster.created).total_seconds(), 0.0))


def as_json(value: object) -> str:
    """Dataclasses and times as JSON."""
    return json.dumps(value, indent=2, default=_plain)


def write(lines: Iterable[str]) -> None:
    """Write lines to stdout."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).isoformat(timespec="seconds")
    raise TypeError(f"{value!r} is not for JSON")

"""What a ResourceManager says over HTTP: its nodes, its applications."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass
from typing import Any

from pipeline.emr.executors import Node
from pipeline.errors import EnsemblesError

_PATIENCE_S = 30.0
_GPU = "yarn.io/gpu"
# A cluster is not behind the proxy that leads out of a company.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Application:
    """An application of YARN's.

    Attributes
    ----------
    id, name, state, final_status : str
        As YARN has them; `final_status` is `SUCCEEDED`, `FAILED`, `KILLED` or `UNDEFINED`.
    diagnostics : str
        What YARN says of its end.
    tags : frozenset of str
        In lower case, as YARN keeps them.
    """

    id: str
    name: str
    state: str
    final_status: str
    diagnostics: str
    tags: frozenset[str]

    @property
    def has_ended(self) -> bool:
        """Whether YARN knows how it ended."""
        return self.final_status != "UNDEFINED"


def nodes(webapp: str) -> list[Node]:
    """What YARN may give away on each node that runs."""
    found = _ask(f"{webapp}/ws/v1/cluster/nodes?states=RUNNING").get("nodes") or {}
    return [_node(item) for item in found.get("node", [])]


def increment_mb(webapp: str) -> int:
    """What containers' memory is a multiple of, MiB."""
    told = _ask(
        urllib.request.Request(
            f"{webapp}/conf?name=yarn.scheduler.minimum-allocation-mb",
            headers={"Accept": "application/json"},
        )
    )
    return int(told["property"]["value"])


def applications(webapp: str, tag: str) -> list[Application]:
    """The applications that carry a tag, the oldest first."""
    told = _ask(f"{webapp}/ws/v1/cluster/apps?applicationTags={tag.lower()}").get("apps") or {}
    found = sorted(told.get("app", []), key=lambda item: int(item["startedTime"]))
    return [
        Application(
            id=str(item["id"]),
            name=str(item["name"]),
            state=str(item["state"]),
            final_status=str(item["finalStatus"]),
            diagnostics=str(item.get("diagnostics", "")),
            tags=frozenset(str(item.get("applicationTags", "")).split(",")),
        )
        for item in found
    ]


def kill(webapp: str, application: str) -> None:
    """End an application; nothing happens when it has ended."""
    request = urllib.request.Request(
        f"{webapp}/ws/v1/cluster/apps/{application}/state",
        data=json.dumps({"state": "KILLED"}).encode(),
        headers={"Content-Type": "application/json"},
        method="PUT",
    )
    _ask(request)


def _ask(request: str | urllib.request.Request) -> dict[str, Any]:
    try:
        with _DIRECT.open(request, timeout=_PATIENCE_S) as answer:
            found: dict[str, Any] = json.load(answer)
    except (OSError, ValueError) as error:
        url = request if isinstance(request, str) else request.full_url
        raise EnsemblesError(f"{url}: the ResourceManager does not answer: {error}") from None
    return found


def _node(item: dict[str, Any]) -> Node:
    told = item.get("totalResource", {})
    informations = told.get("resourceInformations", {}).get("resourceInformation", [])
    amounts = {each["name"]: int(each["value"]) for each in informations}
    return Node(
        memory_mb=int(item["usedMemoryMB"]) + int(item["availMemoryMB"]),
        cores=int(item["usedVirtualCores"]) + int(item["availableVirtualCores"]),
        gpus=amounts.get(_GPU, 0),
    )

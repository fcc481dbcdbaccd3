"""What nodes found of themselves, as a table and as JSON."""

from __future__ import annotations

from typing import Any

from pipeline.emr.running.verdicts import ClusterVerdict, NodeVerdict
from pipeline.emr.table import aligned

_SAID = {True: "ok", False: "not ready", None: "not heard of yet"}


def verdict_lines(found: ClusterVerdict) -> list[str]:
    """A line for each node, below it the checks that failed; then what is missing."""
    rows = [["node", "role", "type", "verdict"]]
    rows += [[*_names(node), _SAID[node.ok]] for node in found.nodes]
    head, *lines = aligned(rows)
    shown = [head]
    for node, line in zip(found.nodes, lines, strict=True):
        shown += [line, *(f"  {name}: {detail}" for name, detail in node.failing)]
    if any(node.ok is None for node in found.nodes):
        shown.append(
            f"nodes are heard of by what they write below {found.place}, within 30 minutes; the "
            "role of their instance profile must be allowed to"
        )
    return [*shown, *found.missing]


def verdict_data(found: ClusterVerdict) -> dict[str, Any]:
    """The same for programs."""
    return {
        "cluster": found.cluster.id,
        "ok": found.ok,
        "missing": found.missing,
        "nodes": [
            {
                "node": node.instance.id,
                "role": node.role,
                "type": node.instance.type,
                "ok": node.ok,
                "failing": [{"name": name, "detail": detail} for name, detail in node.failing],
            }
            for node in found.nodes
        ],
    }


def verdict_counts(found: ClusterVerdict) -> str:
    """Such as `2 of 3 nodes are ready`."""
    ready = sum(node.ok is True for node in found.nodes)
    return f"{ready} of {sum(found.wanted.values())} nodes are ready"


def _names(node: NodeVerdict) -> list[str]:
    return [node.instance.id, node.role or "-", node.instance.type]

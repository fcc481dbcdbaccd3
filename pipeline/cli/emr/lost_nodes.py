"""Nodes that EMR has given up, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from pipeline.emr.running.states import Instance


def lost_nodes(instances: Sequence[Instance]) -> list[str]:
    """A sentence for each reason for which nodes have ended.

    Parameters
    ----------
    instances : sequence of Instance
        Those of the cluster; those that run are passed over.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for each in instances:
        if each.state == "TERMINATED" and each.reason:
            found[each.reason].append(f"{each.id} ({each.type})")
    return [
        f"node{'s' if len(nodes) > 1 else ''} {', '.join(nodes)} ended: {reason}"
        for reason, nodes in found.items()
    ]

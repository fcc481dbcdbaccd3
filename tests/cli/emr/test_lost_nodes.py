from __future__ import annotations

from pipeline.cli.emr.lost_nodes import lost_nodes
from pipeline.emr.running.states import Instance


def node(name: str, state: str = "TERMINATED", reason: str = "") -> Instance:
    return Instance(name, "g5.2xlarge", "SPOT", state, "if-1", reason=reason)


def test_nodes_that_ended_for_the_same_reason_are_one_sentence() -> None:
    nodes = [
        node("i-1", reason="Spot was taken back"),
        node("i-2", reason="bootstrap failed"),
        node("i-3", reason="Spot was taken back"),
        node("i-4", "RUNNING", "resized"),
        node("i-5"),
    ]
    assert lost_nodes(nodes) == [
        "nodes i-1 (g5.2xlarge), i-3 (g5.2xlarge) ended: Spot was taken back",
        "node i-2 (g5.2xlarge) ended: bootstrap failed",
    ]

"""A plan as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from pipeline.bagging.learners.learner import XGBOOST
from pipeline.cli.emr.cost_text import IDLE, bound_text, idle_text
from pipeline.cli.plan.asked import JobShare
from pipeline.cli.plan.plan import Plan
from pipeline.emr.clusters.room import nodes_by_role
from pipeline.emr.table import aligned

_INDENT = "  "


def as_text(plan: Plan, file: str) -> str:
    """What a person reads.

    Parameters
    ----------
    plan : Plan
        The plan.
    file : str
        The cluster file, as the user named it.
    """
    cluster = plan.cluster
    lines = [
        f"{plan.config.name} on cluster {cluster.name} ({cluster.release})",
        "",
        *aligned([*_nodes(plan), *_containers(plan)]),
        "",
        "steps",
        *(f"{_INDENT}{line}" for line in aligned(list(_steps(plan)))),
        "",
        *aligned([["price", _price(plan, file)], ["idle", f"{idle_text(cluster)} ({IDLE})"]]),
    ]
    for title, sentences in (("notes", plan.notes), ("problems", plan.problems)):
        if sentences:
            lines += ["", title, *(f"{_INDENT}{each}" for each in sentences)]
    return "\n".join(lines) + "\n"


def as_json(plan: Plan) -> dict[str, Any]:
    """The same, for programs."""
    cluster, layout = plan.cluster, plan.layout
    nodes = nodes_by_role(cluster)
    return {
        "name": plan.config.name,
        "cluster": cluster.name,
        "release": cluster.release,
        "nodes": [
            {
                "role": role,
                "count": fleet.count,
                "types": list(fleet.types),
                "market": fleet.market,
                "yarn": asdict(nodes[role][0]) if role in nodes else None,
            }
            for role, fleet in cluster.fleets.items()
        ],
        "driver": {"heap_mb": layout.driver_heap_mb, "overhead_mb": layout.driver_overhead_mb},
        "executors": {
            "count": layout.executors,
            "cores": layout.cores,
            "gpus": layout.gpus,
            "heap_mb": layout.heap_mb,
            "overhead_mb": layout.overhead_mb,
        },
        "steps": plan.groups,
        "step_concurrency": cluster.step_concurrency,
        "jobs": {share.job: _share_as_json(share) for share in plan.shares},
        "variables": list(plan.variables),
        "price": {"most_per_hour": plan.hourly, "unknown": plan.unpriced},
        "idle_minutes": cluster.limits.idle_minutes,
        "notes": plan.notes,
        "problems": plan.problems,
    }


def _share_as_json(share: JobShare) -> dict[str, Any]:
    gang = share.gang
    return {
        "executors": share.layout.executors,
        "dynamic": share.is_dynamic,
        "replicas": share.replicas,
        "gang": gang and {"workers": gang.workers, "cores": gang.cores, "gpus": gang.gpus},
    }


def _nodes(plan: Plan) -> Iterator[list[str]]:
    nodes = nodes_by_role(plan.cluster)
    for role, fleet in plan.cluster.fleets.items():
        types = " or ".join(fleet.types)
        market = "Spot" if fleet.market == "spot" else "On-Demand"
        said = f"{fleet.count} x {types}, {market}"
        if role in nodes:
            node = nodes[role][0]
            said += f": {node.memory_mb} MiB, {_counted(node.cores, 'core')}"
            said += f", {_counted(node.gpus, 'GPU')}" if node.gpus else ""
            said += " for YARN on each"
        yield [role, said]


def _containers(plan: Plan) -> Iterator[list[str]]:
    layout = plan.layout
    driver = _memory(layout.driver_heap_mb, layout.driver_overhead_mb)
    yield ["driver", f"{driver}, of each step"]
    each = [_memory(layout.heap_mb, layout.overhead_mb), _counted(layout.cores, "core")]
    each += [_counted(layout.gpus, "GPU")] if layout.gpus else []
    yield ["executors", f"{layout.executors} x {', '.join(each)}, of each step"]


def _steps(plan: Plan) -> Iterator[list[str]]:
    shares = {share.job: share for share in plan.shares}
    for number, group in enumerate(plan.groups, start=1):
        for place, job in enumerate(group):
            # Those of a group have one number: they run side by side.
            yield [str(number) if not place else "", job, _share(shares[job], plan)]


def _share(share: JobShare, plan: Plan) -> str:
    if share.gang is not None:
        gang = share.gang
        gpus = f" and {_counted(gang.gpus, 'GPU')}" if gang.gpus else ""
        said = f"a gang of {_counted(gang.workers, 'worker')}"
        return f"{said}, {_counted(gang.cores, 'core')}{gpus} each"
    if share.is_gang:
        return "a gang that never fits"
    executors = _counted(share.layout.executors, "executor")
    said = f"up to {executors}" if share.is_dynamic else executors
    if share.replicas is None:
        return said
    said += f", {_counted(share.replicas, 'replica')} at once"
    bagging = plan.config.bagging
    may_be_gang = bagging.placement in (None, "auto") and bagging.learner in (None, XGBOOST)
    return f"{said}; a gang where the rows do not fit a task" if may_be_gang else said


def _price(plan: Plan, file: str) -> str:
    said = bound_text(plan.cluster)
    if plan.hourly is None:
        return said
    spot = any(fleet.market == "spot" for fleet in plan.cluster.fleets.values())
    also = "; Spot counted as On-Demand" if spot else ""
    return f"{said}, by the prices in {file}{also}"


def _memory(heap_mb: int, overhead_mb: int) -> str:
    return f"{heap_mb} MiB of heap and {overhead_mb} MiB outside"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"

"""The containers of each job, and why the cluster's nodes cannot hold them."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.cli.plan.asked import Asked
from pipeline.cli.runs.room import Room
from pipeline.emr.clusters.room import layout_of, nodes_by_role, nodes_of
from pipeline.emr.clusters.rules import keeps_driver_on_core
from pipeline.emr.clusters.settings import ClusterSettings
from pipeline.emr.executors import INCREMENT_MB, Layout
from pipeline.errors import UserError
from pipeline.spark.container_memory import rounded_up


def room_of(cluster: ClusterSettings) -> Room:
    """The cluster's nodes, as YARN gives them away."""
    return Room(nodes_of(cluster), INCREMENT_MB)


def lay_out(asked: Asked) -> tuple[Layout, list[str]]:
    """The layout of each job, and why the cluster cannot hold it.

    A setting that cannot be used is told and left out, so that the rest is looked at, too.
    """
    cluster = layout_of(asked.cluster)
    usable, problems = {}, []
    for name, value in asked.spark.items():
        try:
            cluster.with_settings({name: value})
        except UserError as error:
            problems.append(str(error))
        else:
            usable[name] = value
    layout = cluster.with_settings(usable)
    problems += _of_room(asked.cluster, layout)
    return layout, problems


def _of_room(cluster: ClusterSettings, layout: Layout) -> Iterator[str]:
    try:
        room_of(cluster).require_held(layout)
    except UserError as error:
        yield f"spark: {error}"
    driver = rounded_up(layout.driver.memory_mb, INCREMENT_MB)
    core = nodes_by_role(cluster)["core"][0].memory_mb
    if keeps_driver_on_core(cluster) and driver > core:
        yield (
            f"spark: spark.driver.memory: the driver stays off Spot, on core nodes, and takes "
            f"{driver} MiB with its overhead of their {core}: lower it, or use larger core nodes"
        )

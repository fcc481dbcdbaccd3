"""`emr-ensembles emr cost`: what a cluster has cost so far, and costs in an hour at most."""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Iterator
from typing import Any

from pipeline.cli.emr.arguments import add_cluster, emr_of
from pipeline.cli.emr.cost_text import bound_text
from pipeline.cli.emr.text import write
from pipeline.emr.running.costs import NOT_IN_IT, ClusterCost, cost_so_far
from pipeline.emr.running.find import find_cluster
from pipeline.emr.running.record import record_of
from pipeline.emr.table import aligned


def add_parser(commands: Any) -> None:
    """Add `cost`."""
    parser = commands.add_parser(
        "cost",
        help="what a cluster has cost so far",
        description="What a cluster's instances have cost so far: their own times, by the prices "
        f"of the cluster file. Without {NOT_IN_IT}.",
    )
    add_cluster(parser)
    parser.set_defaults(handler=_cost)


def _cost(args: argparse.Namespace) -> int:
    emr = emr_of(args)
    cluster = find_cluster(emr, args.cluster)
    settings = record_of(cluster).settings
    now = datetime.datetime.now(datetime.UTC)
    found = cost_so_far(cluster, emr.instances(cluster.id), settings.prices, now)
    if found.types:
        write([*_table(found), ""])
    write(_sums(found))
    if not cluster.has_ended:
        write([f"running on: {bound_text(settings)}"])
    write([f"not in it: {NOT_IN_IT}"])
    return 0


def _table(found: ClusterCost) -> list[str]:
    rows = [["type", "market", "instances", "hours", "an hour", "sum"]]
    for each in found.types:
        market = each.market.lower() or "-"
        numbers = [f"{each.hours:.2f}", _money(each.price), _money(each.sum)]
        rows.append([each.type, market, str(each.instances), *numbers])
    return aligned(rows)


def _sums(found: ClusterCost) -> Iterator[str]:
    at_most = "at most " if found.is_bound else ""
    unpriced = [each.type for each in found.types if each.price is None]
    if found.sum is not None:
        yield f"so far: {at_most}{found.sum:.2f}"
    else:
        known = [each.sum for each in found.types if each.sum is not None]
        rest = f"; {at_most}{sum(known):.2f} for what is known" if known else ""
        yield f"so far: unknown{rest}"
    if unpriced:
        names = ", ".join(dict.fromkeys(unpriced))
        yield (
            f"the cluster file has no price for {names}: write it there, and emr-ensembles emr "
            "stage, as create was called, brings it to the cluster's record"
        )
    if found.untimed:
        yield f"EMR tells no time for {', '.join(found.untimed)}"
    if found.is_bound:
        yield "Spot is counted at the On-Demand price"


def _money(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2f}"

"""`emr-ensembles emr terminate`: ends a cluster; repeating it is harmless."""

from __future__ import annotations

import argparse
import logging
from typing import Any

from pipeline.cli.emr.arguments import add_cluster, emr_of
from pipeline.cli.emr.interrupts import state_when_interrupted
from pipeline.cli.emr.text import age_text
from pipeline.cli.runs.logs import set_up_logging
from pipeline.emr.running.api import Emr, is_ours
from pipeline.emr.running.find import find_cluster
from pipeline.emr.running.polling import polled
from pipeline.emr.running.states import Cluster
from pipeline.errors import EnsemblesError, UserError

logger = logging.getLogger(__name__)

_LONGEST_S = 1_800.0


def add_parser(commands: Any) -> None:
    """Add `terminate`."""
    parser = commands.add_parser(
        "terminate",
        help="end a cluster",
        description="End a cluster, and with it its steps and what is on its HDFS. Exit code 0 "
        "also when it has ended already.",
    )
    add_cluster(parser)
    parser.add_argument("--wait", action="store_true", help="until it has ended")
    parser.set_defaults(handler=_terminate)


def _terminate(args: argparse.Namespace) -> int:
    set_up_logging()
    emr = emr_of(args)
    cluster = find_cluster(emr, args.cluster)
    if cluster.has_ended:
        logger.info("%s has ended already: %s", _named(cluster), cluster.state.lower())
        return 0
    if cluster.is_active:
        _end(emr, cluster)
    else:
        logger.info("%s is ending already", _named(cluster))
    if args.wait:
        with state_when_interrupted(lambda: emr.cluster(cluster.id), args.cluster):
            _until_ended(emr, cluster)
    return 0


def _end(emr: Emr, cluster: Cluster) -> None:
    if cluster.protected:
        raise UserError(
            f"{_named(cluster)} is protected from being ended: turn that off by aws emr "
            f"modify-cluster-attributes --cluster-id {cluster.id} --no-termination-protected"
        )
    emr.terminate(cluster.id)
    whose = "" if is_ours(cluster) else ", not created by emr-ensembles,"
    logger.info(
        "%s%s was %s and is ending; it lived %s",
        *(_named(cluster), whose, cluster.state.lower(), age_text(cluster)),
    )
    _tell_steps(emr, cluster)


def _tell_steps(emr: Emr, cluster: Cluster) -> None:
    """After the end was asked for: nothing of this may keep a cluster from it."""
    try:
        steps = emr.steps(cluster.id)
    except EnsemblesError as error:
        logger.warning("which steps end with it is not known: %s", error)
        return
    for step in steps:
        if step.is_unfinished:
            said = (step.id, step.name, step.state.lower())
            logger.info("step %s (%s) was %s and ends with it", *said)


def _until_ended(emr: Emr, cluster: Cluster) -> None:
    start = emr.clock()
    for now in polled(lambda: emr.cluster(cluster.id), emr.sleep):
        if now.has_ended:
            logger.info("%s has ended", _named(cluster))
            return
        if emr.clock() - start >= _LONGEST_S:
            raise EnsemblesError(
                f"{_named(cluster)} has not ended within {_LONGEST_S / 60:.0f} minutes and is "
                f"{now.state.lower()}: see emr-ensembles emr status {cluster.id}"
            )


def _named(cluster: Cluster) -> str:
    return f"cluster {cluster.id} ({cluster.name})"

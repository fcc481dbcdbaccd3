"""What `create` and `stage` begin with: a cluster file, made into a request."""

from __future__ import annotations

import argparse
import logging

from pipeline.cli.emr.arguments import required
from pipeline.cli.runs.submit import in_clone
from pipeline.emr.clusters.files import load_cluster
from pipeline.emr.instances.launch import Region
from pipeline.emr.running.cluster_staging import ClusterStaging, prepare_cluster
from pipeline.emr.running.region import check_region
from pipeline.errors import UserError

logger = logging.getLogger(__name__)


def prepared(args: argparse.Namespace) -> ClusterStaging:
    """The cluster that the arguments name; nothing is brought anywhere yet.

    Raises
    ------
    UserError
        When it cannot be made of them.
    """
    base, environment = required(args, "base"), required(args, "environment")
    return prepare_cluster(
        load_cluster(args.cluster, args.overrides),
        base,
        environment,
        in_clone("bootstrap/bundle.sh").parent,
        args.logs,
    )


def require_region(staging: ClusterStaging, region: str | None, otherwise: str) -> None:
    """Refuse a cluster that the account's region cannot launch.

    Parameters
    ----------
    staging : ClusterStaging
        The cluster.
    region : str or None
        Whom to ask; None: the user's own.
    otherwise : str
        How to go on without asking.

    Raises
    ------
    UserError
        With every problem, a line each.
    """
    found = check_region(staging.record.settings, Region(region))
    for note in found.notes:
        logger.info("%s", note)
    if found.problems:
        problems = "\n".join(found.problems)
        raise UserError(f"{problems}\nnothing was launched; {otherwise}")

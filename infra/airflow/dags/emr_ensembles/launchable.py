"""Which of a cluster's alternatives the account's region can launch, asked as by `emr create`."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipeline.errors import UserError

if TYPE_CHECKING:
    from pipeline.emr.running.cluster_staging import ClusterStaging

logger = logging.getLogger(__name__)

UNCHECKED_VARIABLE = "EMR_ENSEMBLES_UNCHECKED"
"""Set, the region is not asked: for roles that may not ask it."""


def launchable_of(stagings: Sequence[ClusterStaging], region: str | None) -> list[ClusterStaging]:
    """Those that the region offers, has quotas and subnets for; the others are told in the log.

    Parameters
    ----------
    stagings : sequence of ClusterStaging
        The alternatives.
    region : str or None
        Whom to ask; None: the process's own.

    Raises
    ------
    UserError
        When none is left, with every problem, a line each.
    EnsemblesError
        When the region does not answer.
    """
    from pipeline.emr.instances.launch import Region
    from pipeline.emr.running.region import check_region

    if os.environ.get(UNCHECKED_VARIABLE):
        return list(stagings)
    asked, left, problems = Region(region), [], []
    for each in stagings:
        found = check_region(each.record.settings, asked)
        types = ", ".join(each.record.settings.core.types)
        for note in found.notes:
            logger.info("core nodes of %s: %s", types, note)
        if found.problems:
            problems += found.problems
            logger.warning("core nodes of %s are passed over: %s", types, "; ".join(found.problems))
        else:
            left.append(each)
    if not left:
        sentences = "\n".join(dict.fromkeys(problems))
        raise UserError(
            f"{sentences}\nnothing was launched; to launch it all the same, set "
            f"{UNCHECKED_VARIABLE}=1 for Airflow's processes"
        )
    return left

"""Which cluster a user means: by its id, its name, or the name in its cluster file."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence

from pipeline.emr.running.api import Emr
from pipeline.emr.running.states import ACTIVE, Cluster
from pipeline.errors import UserError

PREFIX = "emr-ensembles-"
"""Begins the names of all clusters that this package creates."""

REMEMBERED_DAYS = 60
"""So long EMR remembers clusters that have ended."""

_ID = re.compile(r"j-[A-Z0-9]+")


def find_cluster(emr: Emr, text: str, *, active: bool = False) -> Cluster:
    """The cluster that is meant.

    Parameters
    ----------
    emr : Emr
        Whom to ask.
    text : str
        Its id; its name; or the name in its cluster file, of which the one that is active is
        meant, or else the newest.
    active : bool
        Whether one that has ended, or is about to, will not do.

    Raises
    ------
    UserError
        When there is none, or when it can be several.
    """
    cluster = emr.cluster(text) if _ID.fullmatch(text) else _named(emr, text, active=active)
    if active and not cluster.is_active:
        raise UserError(f"cluster {cluster.id} ({cluster.name}) is {cluster.state.lower()}")
    return cluster


def of_ours(emr: Emr, states: Sequence[str] = ()) -> list[Cluster]:
    """The clusters with names of this package, the newest first.

    Parameters
    ----------
    emr : Emr
        Whom to ask.
    states : sequence of str
        Only those in one of them; none: all that EMR remembers.
    """
    found = emr.clusters(states, None if states else _days_ago(REMEMBERED_DAYS))
    return [each for each in found if each.name.startswith(PREFIX)]


def other_versions(emr: Emr, file_name: str, name: str) -> list[Cluster]:
    """Active clusters of a cluster file that were made from other contents of it.

    Parameters
    ----------
    emr : Emr
        Whom to ask.
    file_name : str
        The `name` in the file.
    name : str
        The cluster that is meant.
    """
    return [each for each in active_of_file(emr, file_name) if each.name != name]


def active_of_file(emr: Emr, file_name: str) -> list[Cluster]:
    """Active clusters of a cluster file, whatever was in it, the newest first."""
    pattern = _of_file(file_name)
    return [each for each in of_ours(emr, ACTIVE) if pattern.fullmatch(each.name)]


def _of_file(name: str) -> re.Pattern[str]:
    return re.compile(rf"{PREFIX}{re.escape(name)}-[0-9a-f]{{12}}")


def _named(emr: Emr, text: str, *, active: bool) -> Cluster:
    pattern = _of_file(text)
    for only_active in (True,) if active else (True, False):
        known = of_ours(emr, ACTIVE if only_active else ())
        found = [each for each in known if each.name == text or pattern.fullmatch(each.name)]
        if len(found) > 1 and only_active:
            raise UserError(
                f"{text}: {len(found)} such clusters are active: "
                f"{', '.join(f'{each.id} ({each.name})' for each in found)}; give the id"
            )
        if found:
            return emr.cluster(found[0].id)
    there = ", ".join(f"{each.id} ({each.name})" for each in known[:5]) or "none"
    which = "active" if active else "last"
    raise UserError(f"no cluster {text} in {emr.region}; the {which} ones are: {there}")


def _days_ago(days: int) -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=days)

"""Columns that fitting and scoring add while they work; none of them is ever a user's."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.errors import DataError

PREFIX = "__bagging_"

ROW = f"{PREFIX}row"
KEY = f"{PREFIX}key"
LABEL = f"{PREFIX}label"
OWN_WEIGHT = f"{PREFIX}own"
BASE_WEIGHT = f"{PREFIX}base"
WEIGHT = f"{PREFIX}weight"
COUNT = f"{PREFIX}count"
FEATURES = f"{PREFIX}features"
SCORES = f"{PREFIX}scores"
RESULT = f"{PREFIX}result"


def sliced(replica: int) -> str:
    """The column of a replica's own share of the features."""
    return f"{FEATURES}_{replica}"


def output(replica: int) -> str:
    """The column of what a replica says."""
    return f"{PREFIX}output_{replica}"


def passing(place: int) -> str:
    """A column of the user's that passes through scoring."""
    return f"{PREFIX}passing_{place}"


def require_free(names: Iterable[str]) -> None:
    """Refuse features of such a name."""
    taken = [name for name in names if name.lower().startswith(PREFIX)]
    if taken:
        raise DataError(f"column {taken[0]}: names from {PREFIX} on are needed by bagging; rename")

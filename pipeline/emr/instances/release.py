"""Release labels of Amazon EMR, and which of them our jobs run on."""

from __future__ import annotations

import re
from typing import NamedTuple

from pipeline.errors import UserError

_LABEL = re.compile(r"emr-(\d+)\.(\d+)\.(\d+)")
_SPARK_ONLY = re.compile(r"emr-spark-\d+\.\d+\.\d+")


class Release(NamedTuple):
    """A release of EMR.

    Parameters
    ----------
    major, minor, patch : int
        7, 14 and 0 for `emr-7.14.0`.
    """

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"emr-{self.major}.{self.minor}.{self.patch}"


TARGET = Release(7, 14, 0)
"""What is meant where nobody says otherwise."""

_FIRST = Release(7, 1, 0)


def parse_release(label: str) -> Release:
    """A release by its label.

    Raises
    ------
    UserError
        For anything but `emr-X.Y.Z`: the Spark-only line, `emr-spark-8.Y.Z`, runs Spark 4.
    """
    match = _LABEL.fullmatch(label)
    if match is not None:
        major, minor, patch = (int(part) for part in match.groups())
        return Release(major, minor, patch)
    if _SPARK_ONLY.fullmatch(label):
        raise UserError(
            f"release {label}: Spark 4, and the jobs are written for Spark 3.5: use {TARGET}"
        )
    raise UserError(f"release {label!r}: not a label of EMR; write it as {TARGET}")


def unsupported(release: Release) -> str | None:
    """Why the jobs cannot run on a release, in one sentence; None where they can."""
    if release < _FIRST:
        return (
            f"{release} has no Python 3.11, which the jobs need: use {_FIRST} or later, best "
            f"{TARGET}"
        )
    if release.major > TARGET.major:
        return f"the jobs are written for EMR 7, not for {release}: use {TARGET}"
    return None

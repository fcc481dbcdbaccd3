"""YARN's attempts at one application: which one this process is, and whether it is needed.

YARN starts the driver again after any failure, of the machine or of the user's making.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.errors import FailedBeforeError

_CONTAINER = re.compile(r"container_(?:e\d+_)?(\d+_\d+)_(\d+)_\d+")


@dataclass(frozen=True)
class YarnAttempt:
    """One attempt at an application.

    Attributes
    ----------
    application : str
        The application's id.
    number : int
        Counts from 1.
    """

    application: str
    number: int

    def is_done(self, part: Mapping[str, Any] | None) -> bool:
        """Whether an earlier attempt has done the job, and died after it said so."""
        return self._earlier(part).get("outcome") == "success"

    def require_needed(self, part: Mapping[str, Any] | None) -> None:
        """Refuse to do again what an earlier attempt has failed to do.

        Parameters
        ----------
        part : mapping, optional
            What the record of the run says of this job until now.

        Raises
        ------
        FailedBeforeError
            With the earlier attempt's error and exit code.
        """
        earlier = self._earlier(part)
        if earlier.get("outcome") == "failed":
            raise FailedBeforeError(str(earlier.get("error")), int(earlier.get("exit_code") or 1))

    def _earlier(self, part: Mapping[str, Any] | None) -> Mapping[str, Any]:
        """What an earlier attempt at this application left in the record; empty for nothing."""
        if self.number > 1 and part is not None and part.get("application") == self.application:
            return part
        return {}


def yarn_attempt() -> YarnAttempt | None:
    """The attempt that this driver is; None for a driver outside of YARN's containers."""
    match = _CONTAINER.fullmatch(os.environ.get("CONTAINER_ID", ""))
    if match is None:
        return None
    return YarnAttempt(f"application_{match[1]}", int(match[2]))

"""Doing what must not be done twice, with an API that knows no token for that.

EMR may have heard a question whose answer was lost. So whoever asks looks first for what the
question would make, and looks again before asking once more.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from pipeline.emr.aws import THROTTLED

logger = logging.getLogger(__name__)

Made = TypeVar("Made")

TRIES = 5
_FIRST_PAUSE_S = 5.0  # what was made is not always listed at once
_LAST_PAUSE_S = 10.0


@dataclass
class Heard:
    """What whoever asks can know of what must not be done twice.

    Parameters
    ----------
    maybe : bool
        Whether AWS may have heard it: it was asked for, and no answer says that it was not done.
    """

    maybe: bool = False


def once(
    look: Callable[[], Made | None],
    make: Callable[[], Made],
    what: str,
    sleep: Callable[[float], None] = time.sleep,
    heard: Heard | None = None,
) -> tuple[Made, bool]:
    """Make something unless it is there.

    Parameters
    ----------
    look : callable
        Finds what `make` makes; None where it is not there.
    make : callable
        Makes it; must not retry by itself, and raise botocore's own errors.
    what : str
        What is made, for the log.
    sleep : callable
        Waits for a number of seconds.
    heard : Heard, optional
        Is told whether AWS may have heard it, also when this ends by an error or an interrupt.

    Returns
    -------
    (Made, bool)
        What was found or made, and whether this call made it.

    Raises
    ------
    ClientError, BotoCoreError, ResponseParserError
        What stood against it, the last time that it was tried.
    """
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    heard = heard or Heard()
    for attempt in range(TRIES):
        found = look()
        if found is not None:
            return found, heard.maybe
        before, heard.maybe = heard.maybe, True  # whoever is interrupted meanwhile cannot know
        try:
            return make(), True
        except (BotoCoreError, ClientError, ResponseParserError) as error:
            heard.maybe = before or _is_lost(error)
            passes = _is_lost(error) or _is_throttled(error) or _is_unheard(error)
            is_last = attempt == TRIES - 1
            if not passes or (is_last and not heard.maybe):
                raise
            pause = _LAST_PAUSE_S if is_last else _FIRST_PAUSE_S * 2**attempt
            logger.warning("%s: %s; looking again in %.0f s", what, error, pause)
            sleep(pause)
            if is_last:
                found = look()
                if found is None:
                    raise
                return found, True
    raise AssertionError("the last attempt returns or raises")


def _is_throttled(error: Exception) -> bool:
    return _code(error) in THROTTLED


def _is_unheard(error: Exception) -> bool:
    """Whether no connection came about."""
    from botocore.exceptions import ConnectionError as NoConnection

    return isinstance(error, NoConnection)


def _is_lost(error: Exception) -> bool:
    """Whether AWS may have done it all the same: no answer came, or one that tells nothing."""
    from botocore.exceptions import ClientError, HTTPClientError
    from botocore.parsers import ResponseParserError

    if isinstance(error, HTTPClientError | ResponseParserError):
        return True
    if not isinstance(error, ClientError):
        return False
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return int(status) >= 500 and not _is_throttled(error)


def _code(error: Exception) -> str:
    said = getattr(error, "response", {})
    return str(said.get("Error", {}).get("Code", ""))

"""Asking again and again until something has come about, through outages of the network."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import TypeVar

from pipeline.errors import EnsemblesError, UserError

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")

EVERY_S = 20.0
"""Between two questions: EMR throttles whoever asks much more often."""

PATIENCE_S = 900.0
"""So long nobody may answer before the wait is given up."""

_LONGEST_PAUSE_S = 120.0


def polled(
    ask: Callable[[], Answer], sleep: Callable[[float], None], every_s: float = EVERY_S
) -> Iterator[Answer]:
    """Answers, one after the other, for as long as they are taken.

    Parameters
    ----------
    ask : callable
        Asks once.
    sleep : callable
        Waits for a number of seconds.
    every_s : float
        Seconds between two questions.

    Raises
    ------
    UserError
        At once: a right or a credential does not come back by waiting.
    EnsemblesError
        When nobody has answered for 15 minutes; what runs on the cluster goes on.
    """
    silent, pause = 0.0, every_s
    while True:
        try:
            answer = ask()
        except UserError:
            raise
        except EnsemblesError as error:
            if silent >= PATIENCE_S:
                raise
            logger.warning("%s; asking again in %.0f s", error, pause)
            silent += pause
        else:
            silent, pause = 0.0, every_s
            yield answer
        sleep(pause)
        if silent:
            pause = min(pause * 2, _LONGEST_PAUSE_S)

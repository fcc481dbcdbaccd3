"""Asking again and again until something has come about, through outages of the network."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol, TypeVar

from pipeline.errors import EnsemblesError, UserError

if TYPE_CHECKING:
    from pipeline.emr.running.api import Emr

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")

EVERY_S = 20.0
"""Between two questions: EMR throttles whoever asks much more often."""

PATIENCE_S = 900.0
"""So long nobody may answer before the wait is given up."""

_LONGEST_PAUSE_S = 120.0


class Look(Protocol):
    """What is seen of something at one time."""

    @property
    def is_over(self) -> bool:
        """Whether waiting any longer changes nothing."""


Seen = TypeVar("Seen", bound=Look)


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


def seen(ask: Callable[[], Seen], emr: Emr, minutes: float) -> Iterator[Seen]:
    """Look again and again, until it is over or the time is.

    Parameters
    ----------
    ask : callable
        Looks once.
    emr : Emr
        Whose clock it is.
    minutes : float
        So long at most.

    Raises
    ------
    EnsemblesError
        When nobody answers for long.
    """
    end = emr.clock() + minutes * 60
    for look in polled(ask, emr.sleep):
        yield look
        if look.is_over or emr.clock() >= end:
            return

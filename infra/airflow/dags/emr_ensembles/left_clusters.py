"""Ending what a creation that failed for good has left: it costs until somebody ends it.

The task itself does so where it can, and has time for it. Its failure callback is there for a task
that could not, such as one that was killed: Airflow ends a callback after 20 seconds.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from emr_ensembles.asked_cluster import AskedCluster
from pipeline.errors import EnsemblesError, UserError

if TYPE_CHECKING:
    from pipeline.emr.running.api import Emr

logger = logging.getLogger(__name__)

_FIRST_PAUSE_S = 5.0
_PAUSES_S = (1.0, 2.0, 4.0)
# Of the 20 seconds that `[core] task_success_overtime` gives a callback.
_LAST_START_S = 12.0


@dataclass
class LeftClusters:
    """The active clusters of a DAG run.

    Parameters
    ----------
    emr : Emr
        Whom to ask.
    context
        Airflow's, of the task that creates.
    ids : list of str or None
        Those that could not be ended, the last time; None while nobody has told which there are.
    """

    emr: Emr
    context: Any
    ids: list[str] | None = None

    def end(self) -> None:
        """Have each of them end; one that cannot be ended keeps no other from it.

        Raises
        ------
        UserError
            When waiting does not mend what stood against it.
        EnsemblesError
            When it may pass.
        """
        from pipeline.emr.running.find import active_of_file

        try:
            name = AskedCluster.of(self.context).name
        except UserError as error:  # what cannot be named was not asked for
            logger.warning("no cluster can be looked for: %s", error)
            self.ids = []
            return
        found = active_of_file(self.emr, name)
        self.ids = [each.id for each in found]
        errors: list[EnsemblesError] = []
        for each in found:
            try:
                self.emr.terminate(each.id)
            except EnsemblesError as error:
                errors.append(error)
            else:
                self.ids.remove(each.id)
                logger.info("cluster %s (%s) is ended", each.id, each.name)
        if errors:  # what may pass is worth another try
            raise min(errors, key=lambda each: isinstance(each, UserError))

    def tell(self, error: EnsemblesError) -> None:
        """Say in the log what may still cost, and what to do."""
        if self.ids is None:
            logger.error(
                "whether a cluster of this DAG run is left is not known, and it would cost: see "
                "emr-ensembles emr list (%s)",
                error,
            )
        for each in self.ids or ():
            logger.error(
                "cluster %s could not be ended and costs until it is: emr-ensembles emr terminate "
                "%s (%s)",
                *(each, each, error),
            )


@contextmanager
def ended_with_the_last_try(context: Any) -> Iterator[None]:
    """An error that is the task's last ends its clusters first, through outages of the network."""
    try:
        yield
    except AirflowSkipException:
        raise
    except Exception as error:
        if isinstance(error, AirflowFailException) or _is_last(context["ti"]):
            end_patiently(context)
        raise


def end_patiently(context: Any) -> None:
    """End what is left, asking again for a quarter of an hour."""
    from pipeline.emr.running.api import Emr
    from pipeline.emr.running.polling import polled

    left = LeftClusters(Emr(), context)
    try:
        next(polled(left.end, left.emr.sleep, _FIRST_PAUSE_S))
    except EnsemblesError as error:
        left.tell(error)


def end_what_is_left(context: Any) -> None:
    """End what is left, as a failure callback, which has seconds: the teardown follows success."""
    from pipeline.emr.running.api import Emr

    left = LeftClusters(Emr(), context)
    start = left.emr.clock()
    for pause in (*_PAUSES_S, None):
        try:
            left.end()
        except EnsemblesError as error:
            is_late = left.emr.clock() - start > _LAST_START_S
            if pause is None or is_late or isinstance(error, UserError):
                left.tell(error)
                return
            logger.warning("%s; asking again in %.0f s", error, pause)
            left.emr.sleep(pause)
        else:
            return


def _is_last(ti: Any) -> bool:
    """Whether Airflow will not try the task again."""
    return int(ti.try_number) > int(ti.max_tries)

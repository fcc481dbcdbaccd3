"""One launch of a cluster: asked for once, and what may run is told however the command ends."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pipeline.cli.emr.interrupts import state_when_interrupted, went_on
from pipeline.emr.running.api import Emr
from pipeline.emr.running.once import Heard
from pipeline.emr.running.one_of_name import older_of_name
from pipeline.emr.running.states import Cluster
from pipeline.errors import EnsemblesError

logger = logging.getLogger(__name__)


@dataclass
class Launch:
    """A cluster that is launched or found.

    Parameters
    ----------
    emr : Emr
        Whom to ask.
    name : str
        The cluster's name.
    id : str
        Its id; empty while it is not known.
    heard : Heard
        Whether EMR may have heard the request.
    """

    emr: Emr
    name: str
    id: str = ""
    heard: Heard = field(default_factory=Heard)

    def request(self, request: Mapping[str, Any]) -> None:
        """Ask for the cluster, unless it is there.

        Raises
        ------
        EnsemblesError
            When it cannot be launched.
        """
        self.id, is_new = self.emr.create(request, self.heard)
        if not is_new:
            logger.info("cluster %s (%s) is there already", self.id, self.name)
            return
        logger.info("cluster %s (%s) was requested", self.id, self.name)
        older = older_of_name(self.emr, self.id, self.name)
        if older is not None:
            own = self.id
            self.emr.terminate(own)
            logger.warning(
                "cluster %s of the same name was requested at the same moment by another command: "
                "ours, %s, is ended again; going on with %s",
                *(older.id, own, older.id),
            )
            self.id = older.id

    @contextmanager
    def told(self) -> Iterator[None]:
        """Whoever is interrupted, or fails, is told what may run."""
        with state_when_interrupted(self._look, self.name):
            try:
                yield
            except EnsemblesError as error:
                if not self.id and not self.heard.maybe:
                    raise
                raise went_on(error, self._note(error)) from error

    def _look(self) -> Cluster | None:
        found = self.id or self.emr.active_of(self.name)
        if found is None and self.heard.maybe:
            raise EnsemblesError("EMR may have heard the request, and does not list it")
        return None if found is None else self.emr.cluster(found)

    def _note(self, error: EnsemblesError) -> str:
        if not self.id:
            return (
                f"whether {self.name} was created may not be known: repeat the command, which "
                "finds it then, or see emr-ensembles emr list"
            )
        if f"cluster {self.id}" in str(error):
            return ""
        return f"cluster {self.id} may run on: emr-ensembles emr status {self.id}"

"""Scratch: where a fit keeps what lives no longer than the fit (shards, partial results).

Each fit owns one directory below the scratch URI, marked with its owner. It is deleted when the
fit ends; what a killed driver left behind is swept by the next fit that uses the same URI.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import tempfile
import uuid
from pathlib import Path

from pipeline import files
from pipeline.errors import EnsemblesError, StoreError, UserError
from pipeline.store.owner import is_gone, is_owner, owner

logger = logging.getLogger(__name__)

_MARK = "owner.json"
LIVES_ON = "model-"
"""Names of what lives as long as a model: of unknown age, so another host never sweeps it."""
_FOREIGN_LIFETIME_S = 7 * 24 * 3600.0


def default_scratch() -> str:
    """Scratch on the local disk, for clusters whose executors share it with the driver."""
    return files.absolute(
        str(Path(tempfile.gettempdir()) / f"emr-ensembles-{os.getuid()}" / "scratch")
    )


class Scratch:
    """One fit's directory below a scratch URI; a context manager that deletes it at its end.

    Parameters
    ----------
    base : str
        The scratch URI, reachable from the driver and from every executor.
    name : str
        What it is for; the first part of the directory's name.
    """

    def __init__(self, base: str, name: str) -> None:
        self.base = files.absolute(base)
        self.attempt_id = f"{name}-{uuid.uuid4().hex[:12]}"
        self.uri = files.join(self.base, self.attempt_id)

    def __enter__(self) -> Scratch:
        sweep(self.base)
        files.write_bytes(files.join(self.uri, _MARK), json.dumps(owner()).encode())
        return self

    def __exit__(self, *raised: object) -> None:
        try:
            files.delete(self.uri)
        except EnsemblesError as error:  # the fit's own outcome matters more
            logger.warning("scratch %s was not deleted: %s", self.uri, error)


def require_visible(uri: str) -> None:
    """Raise unless this host sees the scratch directory that the driver made.

    Raises
    ------
    UserError
        Naming the host and the setting to change.
    """
    if not files.exists(files.join(uri, _MARK)):
        raise UserError(
            f"host {socket.gethostname()} does not see the scratch directory {uri} that the driver "
            "made. Set `scratch` (scratchDir) to a URI that every node reaches: s3://, hdfs://, or "
            "a shared file system"
        )


def sweep(base: str) -> list[str]:
    """Delete the directories below `base` whose owner is gone; returns their names."""
    swept = []
    for name in files.children(base):
        uri = files.join(base, name)
        try:
            whose = json.loads(files.read_bytes(files.join(uri, _MARK)))
        except (FileNotFoundError, StoreError, ValueError):
            continue  # not ours, or just being made or deleted
        lifetime = float("inf") if name.startswith(LIVES_ON) else _FOREIGN_LIFETIME_S
        if not is_owner(whose) or not is_gone(whose, lifetime):
            continue
        try:
            files.delete(uri)
        except StoreError as error:  # another user's
            logger.warning("scratch %s of a fit that is gone was not deleted: %s", uri, error)
            continue
        swept.append(name)
    if swept:
        logger.info("swept scratch of fits that are gone: %s", ", ".join(swept))
    return swept

"""Checkpoints: a model on its way and the state of its training in one file, written by rank 0.

A checkpoint is a zip archive (each member has a checksum) of the model's files and `state.json`.
Its directory is named by a fingerprint of everything that the model depends on, and says in
`facts.json` what that is, so that a checkpoint of other data or params is never used.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import re
import socket
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from pipeline import files
from pipeline.errors import EnsemblesError, StoreError, UserError
from pipeline.files.damage import DAMAGED
from pipeline.files.local_directory import spool_directory

logger = logging.getLogger(__name__)

FACTS = "facts.json"
_STATE = "state.json"
_NAME = re.compile(r"(?P<unit>[a-z]+)-(?P<steps>\d{6})\.zip")
_KEPT = 2
_SHOWN = 5
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Checkpoint:
    """Where a training stood.

    Parameters
    ----------
    steps : int
        Rounds or epochs that were done.
    files : mapping of str to bytes
        The model and what else is no JSON, by name.
    state : dict
        What else the training needs to go on, for JSON.
    """

    steps: int
    files: Mapping[str, bytes]
    state: dict[str, Any]

    def write(self, sink: IO[bytes]) -> None:
        """Write all of it as one file; one of its files at a time is asked for."""
        with zipfile.ZipFile(sink, "w") as archive:
            for name in self.files:
                archive.writestr(name, self.files[name])
            archive.writestr(_STATE, json.dumps({"steps": self.steps, "state": self.state}))

    @classmethod
    def unpacked(cls, source: IO[bytes]) -> Checkpoint:
        """The checkpoint of such a file, whose members are read when they are asked for.

        Parameters
        ----------
        source : file
            Open for as long as the checkpoint is used.

        Raises
        ------
        DAMAGED
            When it is.
        """
        archive = zipfile.ZipFile(source)
        if damaged := archive.testzip():
            raise zipfile.BadZipFile(f"{damaged} is not as its checksum says")
        found = json.loads(archive.read(_STATE))
        return cls(int(found["steps"]), _Members(archive), dict(found["state"]))


class _Members(Mapping[str, bytes]):
    """Files of an archive; whoever is sent them has them in memory."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._names = [name for name in archive.namelist() if name != _STATE]

    def __reduce__(self) -> tuple[type[dict[str, bytes]], tuple[dict[str, bytes]]]:
        return dict, (dict(self),)

    def __getitem__(self, name: str) -> bytes:
        if name not in self._names:
            raise KeyError(name)
        return self._archive.read(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints of one fit.

    Parameters
    ----------
    uri : str
        Their directory.
    unit : str
        What is counted, for their names: `round` or `epoch`.
    """

    uri: str
    unit: str = "round"

    def save(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint whole, and delete all but the newest two.

        Raises
        ------
        StoreError
            When it cannot be written; the ones before it are still there.
        """
        place = self.place(checkpoint.steps)
        try:
            # By way of the disk: as a whole in memory it would be several times the model.
            with tempfile.NamedTemporaryFile(dir=spool_directory(), suffix=".zip") as spool:
                checkpoint.write(spool)
                spool.flush()
                files.upload(Path(spool.name), place)
        except OSError as error:
            raise StoreError(f"{place}: cannot be written: {error}") from error
        for steps in sorted(self._steps())[:-_KEPT]:
            files.delete(self.place(steps))

    def newest(self) -> Checkpoint | None:
        """The newest one that is whole; None when there is none."""
        for steps in sorted(self._steps(), reverse=True):
            try:
                return read(self.place(steps))
            except StoreError as error:
                logger.warning("left out: %s", error)
        return None

    def place(self, steps: int) -> str:
        """The URI of one of them."""
        return files.join(self.uri, f"{self.unit}-{steps:06d}.zip")

    def _steps(self) -> list[int]:
        matches = (_NAME.fullmatch(name) for name in files.names(self.uri))
        return [int(match["steps"]) for match in matches if match and match["unit"] == self.unit]


@dataclass(frozen=True)
class Kept:
    """Where a fit keeps its checkpoints.

    Parameters
    ----------
    checkpoints : Checkpoints
        Their place.
    every : int
        Rounds or epochs between them; 0: none.
    resume_from : str or None
        URI of the checkpoint to begin with, where the user named one.
    """

    checkpoints: Checkpoints
    every: int
    resume_from: str | None = None

    @property
    def base_values(self) -> str:
        """The URI of a directory for what a training computes once, before its epochs."""
        # Beside the checkpoints, whose directory is listed for each of them.
        return f"{self.checkpoints.uri}-base"

    def where_it_stands(self) -> Checkpoint | None:
        """The newest checkpoint, else the one that the user named; None: there is none."""
        if not self.every:
            return None
        found = self.checkpoints.newest()
        if found is None and self.resume_from is not None:
            return read(self.resume_from)
        return found


def read(uri: str) -> Checkpoint:
    """Read one checkpoint, by way of the disk: its files are in memory when they are asked for.

    Raises
    ------
    StoreError
        When it is missing or damaged.
    UserError
        When this host's disk has no room for it.
    """
    try:
        return Checkpoint.unpacked(_spooled(uri))
    except FileNotFoundError:
        raise StoreError(f"{uri}: there is no such checkpoint") from None
    except DAMAGED as error:
        raise StoreError(f"{uri}: the checkpoint is damaged: {error}") from error


def _spooled(uri: str) -> IO[bytes]:
    """A copy of a file, on this host's disk for as long as it is open."""
    place = spool_directory() or Path(tempfile.gettempdir())
    spool: IO[bytes] | None = None
    with files.open_stream(uri) as stream:
        while block := stream.read(_BLOCK):
            try:
                spool = spool or tempfile.TemporaryFile(dir=place)  # noqa: SIM115 - it is given
                spool.write(block)
            except OSError as error:
                raise UserError(
                    f"host {socket.gethostname()}: the checkpoint {uri} cannot be brought to "
                    f"{place}: {error.strerror}; make room there, or name a larger disk "
                    "(spark.local.dir, or YARN's local-dirs)"
                ) from error
    return spool or io.BytesIO()


def prepare(
    base: str | None, scratch: str, name: str, facts: Mapping[str, Any], unit: str = "round"
) -> Checkpoints:
    """The place for a fit's checkpoints; says what differs when only others' are there.

    Parameters
    ----------
    base : str or None
        URI of the directory of all checkpoints; None: scratch.
    scratch : str
        The fit's scratch directory.
    name : str
        What is trained.
    facts : mapping
        Everything that the model depends on, for JSON.
    unit : str
        What is counted.
    """
    text = json.dumps(facts, sort_keys=True, default=str)
    if not base:
        return Checkpoints(files.join(scratch, "checkpoints"), unit)
    mark = hashlib.sha256(text.encode()).hexdigest()[:16]
    found = Checkpoints(files.join(files.absolute(base), f"{name}-{mark}"), unit)
    try:
        if found.newest() is None:
            _say_what_differs(files.absolute(base), name, json.loads(text), unit)
        files.write_bytes(files.join(found.uri, FACTS), text.encode())
    except EnsemblesError as error:
        logger.warning("checkpoints go to scratch, and will not outlive the driver: %s", error)
        return Checkpoints(files.join(scratch, "checkpoints"), unit)
    return found


def require_matching(uri: str, facts: Mapping[str, Any], unit: str = "round") -> str:
    """The file of a checkpoint that the user named: itself, or the newest of a directory.

    Raises
    ------
    UserError
        When there is none, or it is of other data or params; says what differs.
    """
    uri = files.absolute(uri)
    directory = uri.rpartition("/")[0] if uri.endswith(".zip") else uri
    found = _facts(directory)
    checkpoint = None if uri.endswith(".zip") else Checkpoints(uri, unit).newest()
    if found is None or (checkpoint is None and not files.exists(uri)):
        raise UserError(f"resume_from: {uri} is no checkpoint, nor a directory of them")
    here = json.loads(json.dumps(facts, sort_keys=True, default=str))
    if differing := differences(found, here):
        raise UserError(f"resume_from: the checkpoint {uri} is of another fit: {differing}")
    if checkpoint is not None:
        return Checkpoints(uri, unit).place(checkpoint.steps)
    return uri


def differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> str:
    """What differs between two fits, in words; empty when nothing does."""
    flat_there, flat_here = _flat(there), _flat(here)
    names = sorted(set(flat_there) | set(flat_here))
    found = [
        f"{name} was {_short(flat_there.get(name))}, is {_short(flat_here.get(name))}"
        for name in names
        if flat_there.get(name) != flat_here.get(name)
    ]
    rest = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return "; ".join(found[:_SHOWN]) + rest


def _say_what_differs(base: str, name: str, here: Mapping[str, Any], unit: str) -> None:
    for other in sorted(files.children(base)) if files.exists(base) else []:
        place = files.join(base, other)
        if not other.startswith(f"{name}-") or (there := _facts(place)) is None:
            continue
        if Checkpoints(place, unit).newest() is None:
            continue
        if differing := differences(there, here):
            logger.info(
                "training starts at %s 0: the checkpoint %s is of another fit: %s",
                unit,
                place,
                differing,
            )
            return


def _facts(directory: str) -> dict[str, Any] | None:
    try:
        found = json.loads(files.read_bytes(files.join(directory, FACTS)))
    except (FileNotFoundError, StoreError, ValueError):
        return None
    return dict(found)


def _flat(facts: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in facts.items():
        if isinstance(value, dict):
            flat.update(_flat(value, f"{prefix}{name}."))
        else:
            flat[prefix + name] = value
    return flat


def _short(value: Any) -> str:
    text = "unset" if value is None else str(value)
    return text if len(text) <= 40 else text[:37] + "…"

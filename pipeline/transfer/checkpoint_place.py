"""A checkpoint at a URI, found fit on the driver before anything else is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

from pipeline import files
from pipeline.errors import ModelError, UserError
from pipeline.store.brought import bring, digest_of
from pipeline.transfer import checkpoints
from pipeline.transfer.checkpoints import Checkpoint, EncoderConfig
from pipeline.transfer.checkpoints.configuration import FILE
from pipeline.transfer.checkpoints.weights import INDEX, WEIGHTS, places_of
from pipeline.transfer.tokeniser_files import FILES


@dataclass(frozen=True)
class CheckpointPlace:
    """Where a checkpoint is, and what it holds.

    Parameters
    ----------
    uri : str
        Its directory.
    digest : str
        What tells its content from any other.
    names : tuple of str
        The files with the network, the tokeniser's not among them.
    config : EncoderConfig
        Its architecture.
    has_pooler : bool
        Whether it has the layer that `pooling=pooler` needs.
    labels : tuple of str
        What the outputs of its own head are called; empty where it has none.
    problem : str
        What that head was trained for, as `Checkpoint` has it.
    head_problem : str
        Why that head cannot be read, as `Checkpoint` has it.
    """

    uri: str
    digest: str
    names: tuple[str, ...]
    config: EncoderConfig
    has_pooler: bool
    labels: tuple[str, ...]
    problem: str
    head_problem: str = ""

    def require_pooling(self, pooling: str, owner: str) -> None:
        """Refuse a pooling that it cannot have.

        Raises
        ------
        UserError
            When it has no pooler, and one is wanted.
        """
        if pooling == "pooler" and not self.has_pooler:
            raise UserError(f"{owner}: {self.uri} has no pooler: set pooling to mean or cls")

    def bring(self) -> Path:
        """Its directory on this host's disk."""
        return bring(self.uri, self.digest, self.names)

    def read(self) -> Checkpoint:
        """All of it, in memory."""
        return checkpoints.read(self.bring())


def find_checkpoint(uri: str) -> CheckpointPlace:
    """Look at a checkpoint: all its tensors are read once.

    Parameters
    ----------
    uri : str
        Its directory: a path, `file://`, `s3://` or `hdfs://`.

    Raises
    ------
    ModelError
        When there is none, it is damaged, or of an architecture that is not known here.
    StoreError
        When a file cannot be read.
    """
    place = files.absolute(uri)
    return _found(place, _stamps(place))


def digest_of_checkpoint(uri: str) -> str:
    """What tells all that a fit reads of a checkpoint, its tokeniser too, from any other.

    Its files are read as a stream, and nothing is kept of them.

    Parameters
    ----------
    uri : str
        As for `find_checkpoint`.

    Raises
    ------
    ModelError, StoreError
        When there is none, or a file cannot be read.
    """
    place = files.absolute(uri)
    return _digest(place, _stamps(place))


_Stamps: TypeAlias = tuple[tuple[object, ...], ...]


def _stamps(place: str) -> _Stamps:
    return tuple(map(tuple, files.stamps(place))) if files.exists(place) else ()


@lru_cache(maxsize=4)
def _digest(uri: str, stamps: _Stamps) -> str:
    names = [str(name) for name, *_ in stamps]
    read = {*network_files(uri, names), *set(FILES).intersection(names)}
    if not read:
        raise ModelError(f"{uri} is no checkpoint: none of its files is there")
    return digest_of(uri, sorted(read))


# A search over params fits many times from one checkpoint; its stamps tell when it is another one.
@lru_cache(maxsize=4)
def _found(uri: str, stamps: _Stamps) -> CheckpointPlace:
    names = network_files(uri, [str(name) for name, *_ in stamps])
    if FILE not in names:
        raise ModelError(
            f"{uri} is no checkpoint: it has no {FILE}; name the directory into which the "
            "checkpoint's files were brought, or bring them with: emr-ensembles pretrained pull"
        )
    digest = digest_of(uri, names)
    found = checkpoints.read(bring(uri, digest, names))
    return CheckpointPlace(
        uri,
        digest,
        names,
        found.config,
        bool(found.pooler),
        found.labels,
        found.problem,
        found.head_problem,
    )


def network_files(uri: str, names: Sequence[str]) -> tuple[str, ...]:
    """Those of a directory's files that hold the network: its config, and one set of weights.

    Weights in parts are the files that their index names.

    Parameters
    ----------
    uri : str
        The directory.
    names : sequence of str
        Its files.

    Raises
    ------
    ModelError
        When an index is damaged, or a part that it names is not there.
    """
    chosen = [FILE] if FILE in names else []
    for weights in WEIGHTS:
        index = f"{weights}{INDEX}"
        if weights in names:
            return tuple(sorted([*chosen, weights]))
        if index in names:
            parts = set(places_of(files.join(uri, index), _read(uri, index)).values())
            if lacking := sorted(parts - set(names)):
                raise ModelError(f"{uri} lacks {lacking[0]}, which {index} names; bring it too")
            return tuple(sorted([*chosen, index, *parts]))
    return tuple(chosen)


def _read(uri: str, name: str) -> bytes:
    return files.read_bytes(files.join(uri, name))

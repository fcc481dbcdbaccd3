"""Where a network's training stands, as a checkpoint, and back.

No pickle: arrays are kept in NumPy's own format, by their numbers.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.deep.communication import Communication, Rank
from pipeline.errors import EnsemblesError
from pipeline.store.checkpoints import Checkpoint, Kept

Array = npt.NDArray[Any]

_NETWORK, _BEST, _MEMORY = "network.npz", "best.npz", "optimiser.npz"


@dataclass(frozen=True)
class Standing:
    """Where a training stands after some epochs.

    Parameters
    ----------
    epochs : int
        Epochs that are done.
    weights, best_weights : list of ndarray
        The network now, and as it was after the best epoch.
    memory : mapping of str to ndarray
        The optimiser's.
    state : dict
        All else, for JSON.
    """

    epochs: int
    weights: Sequence[Array]
    best_weights: Sequence[Array]
    memory: Mapping[str, Array]
    state: dict[str, Any]

    def checkpoint(self) -> Checkpoint:
        """As it is kept."""
        arrays = {
            _NETWORK: _named(self.weights),
            _BEST: _named(self.best_weights),
            _MEMORY: self.memory,
        }
        return Checkpoint(self.epochs, _Packed(arrays), self.state)

    @classmethod
    def shared(cls, checkpoint: Checkpoint | None, others: Communication) -> Standing | None:
        """As rank 0 has kept it, on every rank, one file after the other; None: it has nothing.

        Parameters
        ----------
        checkpoint : Checkpoint or None
            On rank 0; what the others give does not matter.
        others : Communication
            The other ranks.
        """
        told = {} if checkpoint is None else {"steps": checkpoint.steps, "state": checkpoint.state}
        found = others.broadcast_bytes(json.dumps(told).encode())
        if not (heard := json.loads(found)):
            return None

        def arrays(name: str) -> dict[str, Array]:
            own = b"" if checkpoint is None else checkpoint.files[name]
            return _unpacked(others.broadcast_bytes(own))

        memory = arrays(_MEMORY)  # the largest, while there is nothing else
        network, best = _listed(arrays(_NETWORK)), _listed(arrays(_BEST))
        return cls(int(heard["steps"]), network, best, memory, heard["state"])


class Keeper:
    """The checkpoints of a training, which rank 0 writes and reads.

    Parameters
    ----------
    kept : Kept or None
        Their place; None: there are none.
    rank : Rank
        This rank.
    others : Communication
        The other ranks.
    """

    def __init__(self, kept: Kept | None, rank: Rank, others: Communication) -> None:
        self._kept = kept if kept is not None and kept.every else None
        self._rank = rank
        self._others = others

    def is_due(self, epochs: int) -> bool:
        """Whether this rank is to save after so many epochs."""
        return self._kept is not None and not self._rank.rank and epochs % self._kept.every == 0

    def save(self, standing: Standing) -> None:
        """Write a checkpoint; that it cannot be written is told once, and no reason to stop."""
        if self._kept is None:
            return
        try:
            self._kept.checkpoints.save(standing.checkpoint())
        except (EnsemblesError, OSError) as error:
            self._kept = None
            self._rank.report(
                "note",
                text=f"no more checkpoints after epoch {standing.epochs}: {error}",
                is_warning=True,
            )

    def where_it_stands(self) -> Standing | None:
        """What to go on from, on every rank; None: a training begins."""
        if self._kept is None:
            return None
        found = None if self._rank.rank else self._kept.where_it_stands()
        standing = Standing.shared(found, self._others)
        if standing is not None and not self._rank.rank:
            self._rank.report("note", text=f"goes on after epoch {standing.epochs}")
        return standing


class _Packed(Mapping[str, bytes]):
    """Files of arrays, each made when it is asked for: together they would be many times those."""

    def __init__(self, arrays: Mapping[str, Mapping[str, Array]]) -> None:
        self._arrays = arrays

    def __getitem__(self, name: str) -> bytes:
        return _packed(self._arrays[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)


def _named(arrays: Sequence[Array]) -> dict[str, Array]:
    return {str(place): each for place, each in enumerate(arrays)}


def _listed(arrays: Mapping[str, Array]) -> list[Array]:
    return [arrays[str(place)] for place in range(len(arrays))]


def _packed(arrays: Mapping[str, Array]) -> bytes:
    sink = io.BytesIO()
    np.savez(sink, **arrays)
    return sink.getvalue()


def _unpacked(data: bytes | bytearray) -> dict[str, Array]:
    with np.load(io.BytesIO(data), allow_pickle=False) as found:
        return {name: found[name] for name in found.files}

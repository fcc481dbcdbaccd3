"""What the ranks of a training tell each other: sums, the first weights, gradients.

MXNet and Horovod are imported when they are used, never on the driver.
"""

from __future__ import annotations

import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

# Of one message: MXNet has no arrays of 2**31 elements.
_MOST_BYTES = 2**26

Doubles = npt.NDArray[np.float64]


class Rank(Protocol):
    """One of those that train together, and what it computes with; a gang's `Worker` is one."""

    @property
    def rank(self) -> int:
        """Which one, from 0."""

    @property
    def size(self) -> int:
        """How many train together."""

    @property
    def threads(self) -> int:
        """Threads to compute with."""

    @property
    def gpus(self) -> tuple[str, ...]:
        """Addresses of its GPUs; empty on a CPU."""

    def advance(self) -> None:
        """Say that training moves."""

    def report(self, kind: str, **data: Any) -> None:
        """Tell the driver something."""


@dataclass(frozen=True)
class OnlyRank:
    """The rank of a training in one process, with nobody to report to.

    Parameters
    ----------
    threads : int
        Threads to compute with.
    gpus : tuple of str
        Addresses of its GPUs; empty on a CPU.
    on_advance : callable, optional
        Called at every step.
    """

    threads: int
    gpus: tuple[str, ...] = ()
    on_advance: Callable[[], None] | None = None

    rank: ClassVar[int] = 0
    size: ClassVar[int] = 1

    def advance(self) -> None:
        """Say that training moves."""
        if self.on_advance is not None:
            self.on_advance()

    def report(self, kind: str, **data: Any) -> None:
        """Nobody listens."""


class QuietRank:
    """A rank that tells the driver nothing but that it moves.

    Parameters
    ----------
    own : Rank
        Which one.
    """

    def __init__(self, own: Rank) -> None:
        self._own = own
        self.rank = own.rank
        self.size = own.size
        self.threads = own.threads
        self.gpus = own.gpus

    def advance(self) -> None:
        """Say that training moves."""
        self._own.advance()

    def report(self, kind: str, **data: Any) -> None:
        """It is nobody's business."""


class Communication(ABC):
    """How the ranks stay one network."""

    @abstractmethod
    def sum(self, values: npt.ArrayLike) -> Doubles:
        """Sums over all ranks, in float64."""

    @abstractmethod
    def sum_array(self, array: Any, name: str) -> Any:
        """An MXNet array, summed over all ranks."""

    @abstractmethod
    def sum_gradients(self, gradients: Any, rows: float, place: int, *, is_halved: bool) -> None:
        """Sum a bucket's gradients over all ranks, in place.

        Parameters
        ----------
        gradients : NDArray
            Of one bucket.
        rows : float
            Rows that they are sums over, all ranks together.
        place : int
            The bucket's; the first ones are waited for first.
        is_halved : bool
            Whether they travel in half precision, as means over the rows.
        """

    @abstractmethod
    def broadcast(self, parameters: Any) -> None:
        """Give every rank the parameters of rank 0."""

    @abstractmethod
    def broadcast_bytes(self, data: bytes) -> bytes | bytearray:
        """What rank 0 has, on every rank; what the others give does not matter."""


class Horovod(Communication):
    """Ranks of a gang that Horovod has joined.

    Everything exchanged has a name of ours. Horovod's own names count what a process has ever
    exchanged: ranks whose processes have served other gangs before would wait for each other's
    names for ever.
    """

    def __init__(self) -> None:
        self._sums = 0

    def sum(self, values: npt.ArrayLike) -> Doubles:
        """Sums over all ranks, in float64."""
        import mxnet as mx

        self._sums += 1
        array = mx.nd.array(np.asarray(values, dtype=np.float64), dtype=np.float64)
        return np.asarray(self.sum_array(array, f"sum.{self._sums}").asnumpy())

    def sum_array(self, array: Any, name: str) -> Any:
        """An MXNet array, summed over all ranks."""
        import horovod.mxnet as hvd

        return hvd.allreduce(array, op=hvd.Sum, name=name)

    def sum_gradients(self, gradients: Any, rows: float, place: int, *, is_halved: bool) -> None:
        """Sum a bucket's gradients over all ranks, in place."""
        import horovod.mxnet as hvd

        if hvd.size() == 1:
            return
        sent = (gradients / rows).astype(np.float16) if is_halved else gradients
        hvd.allreduce_(sent, op=hvd.Sum, name=f"gradients.{place}", priority=-place)
        if is_halved:
            gradients[:] = sent.astype(np.float32) * rows

    def broadcast(self, parameters: Any) -> None:
        """Give every rank the parameters of rank 0; no rank goes on, or leaves, before it has."""
        import horovod.mxnet as hvd
        import mxnet as mx

        if hvd.size() == 1 or self._are_equal(parameters):
            return
        for name, each in sorted(parameters.items()):
            # Horovod does not understand weights that oneDNN has laid in an order of its own.
            value = mx.nd.array(each.data().asnumpy(), ctx=each.data().context, dtype=each.dtype)
            hvd.broadcast_(value, root_rank=0, name=f"parameter.{name}")
            each.set_data(value)
        mx.nd.waitall()

    def _are_equal(self, parameters: Any) -> bool:
        """Whether all ranks have the same ones, as most often: looking costs less than sending."""
        import horovod.mxnet as hvd

        own = 0
        for _, each in sorted(parameters.items()):
            own = zlib.crc32(np.ascontiguousarray(each.data().asnumpy()).data, own)
        first = self.sum([0.0 if hvd.rank() else float(own)])[0]
        return not self.sum([float(own != first)])[0]

    def broadcast_bytes(self, data: bytes) -> bytes | bytearray:
        """What rank 0 has, on every rank."""
        import horovod.mxnet as hvd
        import mxnet as mx

        size = int(self.sum([0.0 if hvd.rank() else float(len(data))])[0])
        if hvd.size() == 1 or not size:
            return data[:size]
        found = bytearray(size if hvd.rank() else 0)
        for begin in range(0, size, _MOST_BYTES):
            end = min(begin + _MOST_BYTES, size)
            own = (
                np.zeros(end - begin, np.uint8)
                if hvd.rank()
                else np.frombuffer(data, np.uint8, end - begin, begin)
            )
            self._sums += 1
            array = mx.nd.array(own, dtype=np.uint8)
            shared = hvd.broadcast(array, root_rank=0, name=f"bytes.{self._sums}").asnumpy()
            if hvd.rank():
                found[begin:end] = shared.data
        return found if hvd.rank() else data


class Alone(Communication):
    """One rank: every sum is its own value, and there is nobody to tell."""

    def sum(self, values: npt.ArrayLike) -> Doubles:
        """The values themselves, in float64."""
        return np.asarray(values, dtype=np.float64)

    def sum_array(self, array: Any, name: str) -> Any:
        """The array itself."""
        return array

    def sum_gradients(self, gradients: Any, rows: float, place: int, *, is_halved: bool) -> None:
        """They are their own sums."""

    def broadcast(self, parameters: Any) -> None:
        """Nobody to tell."""

    def broadcast_bytes(self, data: bytes) -> bytes:
        """The bytes themselves."""
        return data

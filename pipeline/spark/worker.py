"""The executor half of a gang: what runs inside one barrier task.

A trainer writes a function of one `Worker`; everything around it (addresses, GPUs, threads, the
collective, the channel to the driver, the report of an exception) is done here, once.
"""

from __future__ import annotations

import json
import os
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from pipeline.errors import UserError
from pipeline.spark.collectives import (
    Collective,
    CollectiveName,
    Seat,
    make_collective,
)
from pipeline.spark.events import Sender
from pipeline.spark.network import (
    PortRange,
    address_towards,
    interface_of,
    require_kernel_ports,
    require_reachable,
)

# The gang is ended by the driver, which knows the stalled rank, before a peer gives up on it.
_PATIENCE_S = 60.0
# Longer ones would not pass the channel.
_LONGEST_TEXT = 40_000
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class WorkerSpec:
    """What the driver half hands to every worker of one attempt.

    Parameters
    ----------
    size, cores, gpus : int
        Size of the gang; cores and GPUs of each worker.
    collective : {"rabit", "horovod", "none"}
        How the workers talk to each other.
    address : (str, int)
        The driver's event channel.
    secret : bytes
        Its key.
    stall_s : float
        Seconds after which a silent peer is given up.
    ports : PortRange or None
        The ports that the gang may listen on; None: any.
    """

    size: int
    cores: int
    gpus: int
    collective: CollectiveName
    address: tuple[str, int]
    secret: bytes
    stall_s: float
    ports: PortRange | None = None


@dataclass
class Worker:
    """One worker of a gang, as the trainer's code sees it.

    Parameters
    ----------
    seat : Seat
        Rank, size and addresses.
    threads : int
        Threads to compute with: all cores of the worker.
    gpus : tuple of str
        Addresses of the GPUs that Spark gave to this worker; empty on CPU.
    """

    seat: Seat
    threads: int
    gpus: tuple[str, ...]
    _sender: Sender

    @property
    def rank(self) -> int:
        """Position in the gang."""
        return self.seat.rank

    @property
    def size(self) -> int:
        """Size of the gang."""
        return self.seat.size

    def advance(self) -> None:
        """Say that training moves: a rank that does not for `gang.stall` seconds is ended."""
        self._sender.advance()

    def report(self, kind: str, **data: Any) -> None:
        """Tell the driver something; never raises, also when the channel is lost."""
        self._sender.send(kind, **data)


Work: TypeAlias = Callable[[Worker], Any]


class PeersLostError(Exception):
    """Another rank was gone before all had met."""


def run_worker(spec: WorkerSpec, work: Work, rows: Iterable[Any]) -> Iterator[Any]:
    """Run `work` in this barrier task and yield its result."""
    from pyspark import BarrierTaskContext

    # Spark ends a process that leaves input unread; one that stays has its libraries loaded.
    deque(rows, maxlen=0)
    context = BarrierTaskContext.get()
    rank = context.partitionId()
    collective = make_collective(spec.collective)
    with Sender(spec.address, spec.secret, rank) as sender:
        try:
            yield _work(spec, work, context, collective, sender)
        except Exception as error:
            # The first to say so is the cause; Spark itself would show whichever came last.
            sender.send("error", **_describe(error, collective))
            raise


def _work(
    spec: WorkerSpec, work: Work, context: Any, collective: Collective, sender: Sender
) -> Any:
    rank = context.partitionId()
    _set_threads(spec.cores)
    own = address_towards(spec.address[0])
    _set_network(spec, own)
    invitation = collective.invite(own, spec.size, spec.ports) if rank == 0 else {}
    heard = _exchange(context, spec.size, [own, invitation])
    seat = Seat(rank, spec.size, tuple(host for host, _ in heard))
    if spec.collective != "none":
        require_reachable(seat.hosts)
    gpus = _gpu_addresses(context, spec.gpus)
    sender.send("started", host=own, gpus=list(gpus), threads=spec.cores)
    collective.join(seat, heard[0][1], spec.stall_s + _PATIENCE_S)
    result = work(Worker(seat, spec.cores, gpus, sender))
    collective.leave()
    sender.send("finished")
    return result


def _exchange(context: Any, size: int, mine: list[Any]) -> list[list[Any]]:
    """What each rank has to say, in the order of ranks; takes Spark a second.

    Raises
    ------
    PeersLostError
        When Spark hangs up instead of answering, for another rank is gone.
    """
    if size == 1:
        return [mine]
    try:
        heard = context.allGather(json.dumps(mine))
    except (EOFError, OSError) as error:
        raise PeersLostError(f"Spark ended the exchange of addresses: {error!r}") from error
    return [json.loads(item) for item in heard]


def _gpu_addresses(context: Any, wanted: int) -> tuple[str, ...]:
    resources = context.resources()
    addresses = tuple(resources["gpu"].addresses) if "gpu" in resources else ()
    if wanted and len(addresses) < wanted:
        raise UserError(
            f"the worker was promised {wanted} GPUs and Spark gave it the addresses "
            f"{list(addresses)}; check the discovery script on this node"
        )
    return addresses[:wanted]


def _set_threads(cores: int) -> None:
    """Threads of libraries that load later; those that are loaded are told by the trainers."""
    for name in _THREAD_VARIABLES:
        os.environ[name] = str(cores)


def _set_network(spec: WorkerSpec, own: str) -> None:
    """What the collectives' libraries find out by themselves, and not by routing."""
    if spec.collective == "none" or spec.size == 1:
        return
    require_kernel_ports(spec.ports, own)
    if spec.gpus:  # NCCL would take the first interface by name
        os.environ.setdefault("NCCL_SOCKET_IFNAME", f"={interface_of(own)}")


def _describe(error: Exception, collective: Collective) -> dict[str, Any]:
    return {
        "type": type(error).__name__,
        "message": str(error)[:_LONGEST_TEXT],
        "traceback": traceback.format_exc()[-_LONGEST_TEXT:],
        "is_user": isinstance(error, UserError),
        "is_peer": isinstance(error, PeersLostError) or collective.is_peer_failure(error),
    }

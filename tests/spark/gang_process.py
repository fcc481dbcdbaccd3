"""A gang's worker in a process of its own, without Spark: `_work` as it is, and a file for Spark.

Rank 0 also has the driver's event channel, on its node's address of `eth1`. What a worker saw is
left as a JSON file: the sum over the ranks, its seat and interface, and the process's sockets.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil

from pipeline.spark.collectives import make_collective
from pipeline.spark.events import Channel, Sender
from pipeline.spark.network import PortRange, interface_of
from pipeline.spark.worker import Worker, WorkerSpec, _work

_PATIENCE_S = 100.0


class Context:
    """What `_work` asks of Spark's barrier context."""

    def __init__(self, directory: Path, rank: int, size: int) -> None:
        self._directory, self._rank, self._size = directory, rank, size

    def partitionId(self) -> int:  # noqa: N802 - Spark's name
        return self._rank

    def resources(self) -> dict[str, Any]:
        return {}

    def allGather(self, message: str) -> list[str]:  # noqa: N802 - Spark's name
        publish(self._directory / f"rank-{self._rank}", message)
        return [await_text(self._directory / f"rank-{rank}") for rank in range(self._size)]


def publish(path: Path, text: str) -> None:
    path.with_suffix(".part").write_text(text)
    path.with_suffix(".part").rename(path)


def await_text(path: Path) -> str:
    limit = time.monotonic() + _PATIENCE_S
    while not path.exists():
        if time.monotonic() > limit:
            raise TimeoutError(path.name)
        time.sleep(0.02)
    return path.read_text()


def sum_of_ranks(collective: str, rank: int) -> float:
    if collective == "rabit":
        import numpy as np
        from xgboost.collective import Op, allreduce

        return float(allreduce(np.array([rank + 1.0]), Op.SUM)[0])
    import horovod.mxnet as hvd
    import mxnet as mx

    return float(hvd.allreduce(mx.nd.array([rank + 1.0]), average=False).asscalar())


def main(collective: str, rank: int, directory: Path, host: str, ports: PortRange) -> None:
    def train(worker: Worker) -> dict[str, Any]:
        total = sum_of_ranks(collective, worker.rank)
        seen = {
            "sum": total,
            "hosts": worker.seat.hosts,
            "interface": interface_of(worker.seat.host),
            "listeners": listeners(),
            "ends": ends(),
        }
        publish(directory / f"looked-{rank}", "")
        for other in range(worker.size):  # nobody closes anything before all have looked
            await_text(directory / f"looked-{other}")
        return seen

    with ExitStack() as stack:
        if rank == 0:
            channel = stack.enter_context(Channel(host, host, ports))
            publish(directory / "channel", json.dumps([*channel.address, channel.secret.hex()]))
        address, port, secret = json.loads(await_text(directory / "channel"))
        spec = WorkerSpec(
            size=2,
            cores=1,
            gpus=0,
            collective=collective,  # type: ignore[arg-type]
            address=(address, port),
            secret=bytes.fromhex(secret),
            stall_s=30.0,
            ports=ports,
        )
        sender = stack.enter_context(Sender(spec.address, spec.secret, rank))
        context = Context(directory, rank, spec.size)
        seen = _work(spec, train, context, make_collective(spec.collective), sender)
        if rank == 0:
            seen["heard"] = heard_until_the_end(channel, spec.size)
        publish(directory / f"seen-{rank}", json.dumps(seen))


def heard_until_the_end(channel: Channel, size: int) -> list[tuple[int, str]]:
    heard: list[tuple[int, str]] = []
    while sum(kind == "finished" for _, kind in heard) < size:
        event = channel.get(timeout=_PATIENCE_S)
        if event is None:
            raise TimeoutError(f"heard only {heard}")
        if event.kind != "heartbeat":
            heard.append((event.rank, event.kind))
    return sorted(heard)


def listeners() -> list[tuple[str, int]]:
    """Address and port of every listening socket of this process."""
    return [each.laddr for each in sockets("LISTEN")]


def ends() -> list[tuple[str, int]]:
    """Address and port of either end of every connection of this process."""
    return [end for each in sockets("ESTABLISHED") for end in (each.laddr, each.raddr)]


def sockets(status: str) -> list[Any]:
    return [each for each in psutil.Process().net_connections("tcp") if each.status == status]


if __name__ == "__main__":
    name, number, place, driver, first, last = sys.argv[1:]
    main(name, int(number), Path(place), driver, PortRange(int(first), int(last)))

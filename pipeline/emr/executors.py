"""How an application is laid out over a cluster's nodes: driver, executors, their memory.

One executor to a node, or to a GPU where there are any: threads gain where processes on one host
do not. All are alike, so that a gang's slots are even, and room for the driver, which YARN may put
on any node, is left on every one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.errors import UserError
from pipeline.spark.container_memory import default_overhead_mb, rounded_up

# XGBoost, MXNet and mapped shards live outside of the JVM's heap.
_HEAP_SHARE = 0.4
# What a Python worker with the libraries, and a JVM that only moves rows, take at least.
_LEAST_HEAP_MB, _LEAST_OVERHEAD_MB = 512, 768
_MOST_DRIVER_MB = 8_192
_DRIVER_SHARE = 8
_UNITS = {"k": 1 / 1024, "m": 1, "g": 1024, "t": 1024**2}
INCREMENT_MB = 32
"""A multiple that is safe for EMR, whose yarn.scheduler.minimum-allocation-mb is 32 or less."""

_SIZE = re.compile(r"(\d+)([kmgt]?)b?", re.IGNORECASE)


@dataclass(frozen=True)
class Node:
    """What YARN may give away on one node.

    Parameters
    ----------
    memory_mb : int
        MiB.
    cores, gpus : int
        Cores and GPUs.
    """

    memory_mb: int
    cores: int
    gpus: int = 0


@dataclass(frozen=True)
class Layout:
    """An application's containers.

    Parameters
    ----------
    executors, cores, gpus : int
        How many, and what each has.
    heap_mb, overhead_mb : int
        MiB of each executor, in the JVM's heap and outside of it.
    driver_heap_mb, driver_overhead_mb : int
        MiB of the driver.
    """

    executors: int
    cores: int
    gpus: int
    heap_mb: int
    overhead_mb: int
    driver_heap_mb: int
    driver_overhead_mb: int

    @property
    def driver(self) -> Node:
        """What the driver's container takes of its node."""
        return Node(self.driver_heap_mb + self.driver_overhead_mb, 1)

    @property
    def executor(self) -> Node:
        """What an executor's container takes of its node."""
        return Node(self.heap_mb + self.overhead_mb, self.cores, self.gpus)

    def settings(self) -> dict[str, str]:
        """As Spark's settings."""
        found = {
            "spark.driver.memory": f"{self.driver_heap_mb}m",
            "spark.driver.memoryOverhead": f"{self.driver_overhead_mb}m",
            "spark.executor.instances": str(self.executors),
            "spark.executor.cores": str(self.cores),
            "spark.executor.memory": f"{self.heap_mb}m",
            "spark.executor.memoryOverhead": f"{self.overhead_mb}m",
        }
        if self.gpus:
            found["spark.executor.resource.gpu.amount"] = str(self.gpus)
        return found

    def with_settings(self, given: Mapping[str, str]) -> Layout:
        """This layout, where a config's own settings do not say otherwise.

        Raises
        ------
        UserError
            For a number or a size that is none, or a heap that Spark does not start with.
        """
        heap = _heap(given, "spark.executor.memory", self.heap_mb)
        driver = _heap(given, "spark.driver.memory", self.driver_heap_mb)
        return Layout(
            executors=_number(given, "spark.executor.instances", self.executors),
            cores=_number(given, "spark.executor.cores", self.cores),
            gpus=_number(given, "spark.executor.resource.gpu.amount", self.gpus),
            heap_mb=heap,
            overhead_mb=_overhead(given, "executor", self.executor, heap),
            driver_heap_mb=driver,
            driver_overhead_mb=_overhead(given, "driver", self.driver, driver),
        )


def lay_out(nodes: Sequence[Node], increment_mb: int = INCREMENT_MB) -> Layout:
    """Lay one application out over a whole cluster.

    Parameters
    ----------
    nodes : sequence of Node
        The cluster's.
    increment_mb : int
        YARN gives away multiples of this, MiB.

    Raises
    ------
    UserError
        When a node has no room for a driver and an executor.
    """
    if not nodes:
        raise UserError("the cluster has no node that runs; look at its ResourceManager's page")
    has_gpus = any(node.gpus for node in nodes)
    used = [node for node in nodes if node.gpus or not has_gpus]
    memory = min(node.memory_mb for node in used)
    heap = min(max(memory // _DRIVER_SHARE, _LEAST_HEAP_MB), _MOST_DRIVER_MB)
    overhead = min(max(memory // _DRIVER_SHARE, _LEAST_OVERHEAD_MB), _MOST_DRIVER_MB)
    overhead += -(heap + overhead) % increment_mb
    gpus = min(node.gpus for node in used)
    per_node = max(gpus, 1)
    cores = min(node.cores for node in used) - 1  # one for the driver
    each = (memory - heap - overhead) // per_node // increment_mb * increment_mb
    if each < _LEAST_HEAP_MB + _LEAST_OVERHEAD_MB or cores < per_node:
        raise UserError(
            f"a node with {memory} MiB and {cores + 1} cores is too small: a driver takes "
            f"{heap + overhead} MiB and a core, each of {per_node} executors "
            f"{_LEAST_HEAP_MB + _LEAST_OVERHEAD_MB} MiB and a core at least; use larger nodes"
        )
    executor_heap = max(int(each * _HEAP_SHARE), _LEAST_HEAP_MB)
    return Layout(
        executors=len(used) * per_node,
        cores=cores // per_node,
        gpus=int(has_gpus),
        heap_mb=executor_heap,
        overhead_mb=each - executor_heap,
        driver_heap_mb=heap,
        driver_overhead_mb=overhead,
    )


def fit_together(
    layout: Layout, count: int, nodes: Sequence[Node], increment_mb: int = INCREMENT_MB
) -> bool:
    """Whether several applications of one layout have room at once, wherever YARN puts drivers.

    Two applications that each hold half of what they need would wait for each other for ever. YARN
    places greedily: drivers first, on any node, all on one or each on another. Whatever it does,
    the executors of all must find a place on what is left.

    Parameters
    ----------
    layout : Layout
        That of each application.
    count : int
        How many applications.
    nodes : sequence of Node
        The cluster's.
    increment_mb : int
        YARN gives away multiples of this, MiB.
    """
    driver, executor = (
        replace(each, memory_mb=rounded_up(each.memory_mb, increment_mb))
        for each in (layout.driver, layout.executor)
    )
    # The most places for executors that a number of drivers can cost; None: they have no room.
    cost: list[int | None] = [0] + [None] * count
    for node in nodes:
        slots = [_slots(_less(node, driver, number), executor) for number in range(count + 1)]
        for drivers in range(count, 0, -1):
            costs = [cost[drivers]]
            for here in range(1, drivers + 1):
                others, left = cost[drivers - here], slots[here]
                if others is not None and left is not None:
                    costs.append(others + (slots[0] or 0) - left)
            cost[drivers] = max((each for each in costs if each is not None), default=None)
    whole = sum(_slots(node, executor) or 0 for node in nodes)
    worst = cost[count]
    return worst is not None and whole - worst >= count * layout.executors


def _less(node: Node, driver: Node, count: int) -> Node:
    memory = node.memory_mb - count * driver.memory_mb
    return Node(memory, node.cores - count * driver.cores, node.gpus)


def _slots(room: Node, executor: Node) -> int | None:
    """Executors that a node holds; None where it does not even hold its drivers."""
    if room.memory_mb < 0 or room.cores < 0:
        return None
    found = min(room.memory_mb // executor.memory_mb, room.cores // executor.cores)
    return min(found, room.gpus // executor.gpus) if executor.gpus else found


def _overhead(given: Mapping[str, str], whose: str, laid_out: Node, heap: int) -> int:
    """What a heap that the user chose leaves of the container, but not less than Spark takes."""
    least = 0
    if f"spark.{whose}.memory" in given:
        least = default_overhead_mb(heap)
    return _mb(given, f"spark.{whose}.memoryOverhead", max(laid_out.memory_mb - heap, least))


def _heap(given: Mapping[str, str], name: str, default: int) -> int:
    found = _mb(given, name, default)
    if found < _LEAST_HEAP_MB:
        raise UserError(f"spark: {name}: {given[name]}: Spark needs {_LEAST_HEAP_MB}m at least")
    return found


def _number(given: Mapping[str, str], name: str, default: int) -> int:
    text = given.get(name)
    if text is None:
        return default
    if not text.isdecimal():
        raise UserError(f"spark: {name}: {text!r} is not a whole number")
    return int(text)


def _mb(given: Mapping[str, str], name: str, default: int) -> int:
    text = given.get(name)
    if text is None:
        return default
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise UserError(f"spark: {name}: {text!r} is not a size; write 4g or 1500m")
    return int(int(match[1]) * _UNITS[(match[2] or "m").lower()])

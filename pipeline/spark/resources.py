"""What this application can ever have: executors, cores, GPUs; and whether a gang fits.

A gang that is larger than the application waits for ever in Spark; the answer to "can it ever fit"
is therefore looked up before anything starts: from the Master for a standalone cluster, from the
settings and from the ResourceManager for YARN, from the URL for `local` and `local-cluster`.
"""

from __future__ import annotations

import logging
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from py4j.protocol import Py4JError

from pipeline.errors import GangNeverFitsError, UserError
from pipeline.spark.network import ports_of
from pipeline.spark.yarn import YarnNode, executor_container, room, yarn_nodes

if TYPE_CHECKING:
    from pyspark import SparkConf
    from pyspark.resource import ResourceProfile
    from pyspark.sql import SparkSession

logger = logging.getLogger(__name__)

_LOCAL_CLUSTER = re.compile(r"local-cluster\[\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*\]")
_LOCAL = re.compile(r"local(?:\[\s*(\d+|\*)\s*(?:,\s*\d+\s*)?\])?")


@dataclass(frozen=True)
class ExecutorShape:
    """What one executor has.

    Parameters
    ----------
    cores, gpus : int
        Cores and GPUs of the executor.
    """

    cores: int
    gpus: int

    def slots(self, cores: int, gpus: int) -> int:
        """Workers of that many cores and GPUs which it holds at once."""
        by_cores = self.cores // cores
        return min(by_cores, self.gpus // gpus) if gpus else by_cores


@dataclass(frozen=True)
class Capacity:
    """The most executors that this application can ever have.

    Parameters
    ----------
    executors : tuple of ExecutorShape
        One entry per executor.
    reason : str
        Where that is known from, as part of a sentence.
    """

    executors: tuple[ExecutorShape, ...]
    reason: str

    def slots(self, cores: int, gpus: int) -> int:
        """Workers of that shape that fit at once."""
        return sum(executor.slots(cores, gpus) for executor in self.executors)

    def __str__(self) -> str:
        shapes = [f"{item.cores} cores, {item.gpus} GPUs" for item in self.executors]
        return f"{len(shapes)} executors ({'; '.join(shapes) or 'none'}; {self.reason})"


@dataclass(frozen=True)
class GangPlan:
    """How a gang is laid out.

    Parameters
    ----------
    workers : int
        Size of the gang.
    cores : int
        Cores, and so threads, of each worker.
    gpus : int
        GPUs of each worker.
    profile : ResourceProfile or None
        The task resources that say so to Spark; None in local mode, which has none.
    """

    workers: int
    cores: int
    gpus: int
    profile: ResourceProfile | None


def plan_gang(spark: SparkSession, workers: int = 0, gpus: int = 0) -> GangPlan:
    """Lay out a gang, or refuse it at once.

    Parameters
    ----------
    spark : SparkSession
        The session.
    workers : int
        Size of the gang; 0 for one worker per executor (per GPU where `gpus` is not 0).
    gpus : int
        GPUs that each worker needs.

    Raises
    ------
    GangNeverFitsError
        When the application can never hold that gang; says what to set.
    """
    conf = spark.sparkContext.getConf()
    require_fixed_size(conf)
    ports_of(conf)  # refuses what is no range
    capacity = capacity_of(spark)
    size = workers or _default_size(capacity, gpus)
    cores = _cores_per_worker(capacity, size, gpus)
    fits = capacity.slots(max(cores, 1), gpus) if cores else 0
    if size < 1 or fits < size:
        raise GangNeverFitsError(_never_fits(capacity, max(size, 1), gpus))
    return GangPlan(size, cores, gpus, _profile(spark, cores, gpus))


def require_fixed_size(conf: SparkConf) -> None:
    """Refuse gangs under settings that forbid them.

    Raises
    ------
    GangNeverFitsError
        When dynamic allocation is on; says what to set.
    """
    if conf.get("spark.dynamicAllocation.enabled", "false").lower() == "true":
        raise GangNeverFitsError(
            "dynamic allocation is on (spark.dynamicAllocation.enabled=true), and Spark refuses "
            "gangs (barrier stages) under it. Submit with --conf "
            "spark.dynamicAllocation.enabled=false and a fixed spark.executor.instances"
        )


def capacity_of(spark: SparkSession) -> Capacity:
    """The most that this application can ever have."""
    conf = spark.sparkContext.getConf()
    master = _master(spark)
    gpus = int(conf.get("spark.executor.resource.gpu.amount", "0"))
    if match := _LOCAL_CLUSTER.fullmatch(master):
        count, cores = int(match[1]), int(match[2])
        return Capacity((ExecutorShape(cores, gpus),) * count, f"master {master}")
    if match := _LOCAL.fullmatch(master):
        cores = os.cpu_count() or 1 if match[1] == "*" else int(match[1] or 1)
        return Capacity((ExecutorShape(cores, 0),), f"master {master}")
    if master.startswith("spark://"):
        return _standalone(spark, conf, gpus)
    return _submitted(spark, conf, gpus)


def slots_now(spark: SparkSession, plan: GangPlan) -> int:
    """Workers of the plan's shape that registered executors hold, busy ones included."""
    context = spark.sparkContext._jsc.sc()
    if plan.profile is None:
        profile = context.resourceProfileManager().defaultResourceProfile()
    else:
        profile = plan.profile._java_resource_profile
    return int(context.maxNumConcurrentTasks(profile))


def _master(spark: SparkSession) -> str:
    return str(spark.sparkContext.master)


def _default_size(capacity: Capacity, gpus: int) -> int:
    if not gpus:
        return len(capacity.executors)
    return sum(executor.gpus // gpus for executor in capacity.executors)


def _cores_per_worker(capacity: Capacity, size: int, gpus: int) -> int:
    """The most cores that every worker of a gang of that size can have."""
    most = max((executor.cores for executor in capacity.executors), default=0)
    for cores in range(most, 0, -1):
        if capacity.slots(cores, gpus) >= size:
            return cores
    return 0


def _never_fits(capacity: Capacity, size: int, gpus: int) -> str:
    each = "1 core" + (f" and {gpus} GPUs" if gpus else "")
    most = capacity.slots(1, gpus)
    advice = (
        f"Set gang.workers (numWorkers) to {most} or fewer, or give the application more executors"
        if most
        else "Start the application with executors that have them"
    )
    if gpus and not any(executor.gpus for executor in capacity.executors):
        advice += " (GPUs need spark.executor.resource.gpu.amount and Workers that offer them)"
    return (
        f"a gang of {size} workers with at least {each} each can never fit: this application can "
        f"have {most} at most, {capacity}. {advice}"
    )


def _profile(spark: SparkSession, cores: int, gpus: int) -> ResourceProfile | None:
    if _LOCAL.fullmatch(_master(spark)):
        if gpus or cores < 1:
            raise GangNeverFitsError("local mode has no GPU resources; use a standalone cluster")
        return None
    from pyspark.resource import ResourceProfileBuilder, TaskResourceRequests

    requests = TaskResourceRequests().cpus(cores)
    if gpus:
        requests = requests.resource("gpu", gpus)
    profile: ResourceProfile = ResourceProfileBuilder().require(requests).build
    # The profile gets its Java half when an RDD uses it first; slots are counted before that.
    spark.sparkContext.parallelize([0], 1).withResources(profile)
    return profile


def _submitted(spark: SparkSession, conf: SparkConf, gpus: int) -> Capacity:
    """On YARN: what was asked for, as far as the nodes have room for it."""
    count = int(conf.get("spark.executor.instances", "2"))
    cores = int(conf.get("spark.executor.cores", "1"))
    reason = f"spark.executor.instances={count}, spark.executor.cores={cores}"
    nodes = yarn_nodes(spark) if _master(spark) == "yarn" else None
    if nodes is not None:
        most = room(nodes, executor_container(spark))
        if most < count:
            reason += f"; YARN's {len(nodes)} nodes have room for {most}: {_shown(nodes)}"
            count = most
    return Capacity((ExecutorShape(cores, gpus),) * count, reason)


def _shown(nodes: list[YarnNode]) -> str:
    return "; ".join(map(str, nodes))


def _standalone(spark: SparkSession, conf: SparkConf, gpus: int) -> Capacity:
    memory = int(spark.sparkContext._jsc.sc().executorMemory())
    limit = int(conf.get("spark.cores.max", "0")) or None
    each = int(conf.get("spark.executor.cores", "0")) or None
    alive = _workers(spark)
    if not alive:
        raise UserError(f"{_master(spark)} has no Worker that is alive, or does not answer")
    workers = [worker for worker in alive if worker.memory_mib >= memory]
    if not workers:
        raise UserError(
            f"no Worker of {spark.sparkContext.master} has the {memory} MiB that one executor asks "
            "for; lower spark.executor.memory or start larger Workers"
        )
    cores = _spread([_usable_cores(worker, memory, gpus, each) for worker in workers], limit, each)
    shapes: list[ExecutorShape] = []
    for own in cores:
        shapes += [ExecutorShape(each or own, gpus)] * (own // each if each else int(own > 0))
    reason = f"{len(workers)} Workers of {spark.sparkContext.master}"
    return Capacity(tuple(shapes), reason)  # the Master does not ask for executor.instances


def _usable_cores(worker: _Worker, memory: int, gpus: int, each: int | None) -> int:
    """Cores that the Worker has memory and GPUs for."""
    most = worker.memory_mib // memory
    if gpus:
        most = min(most, worker.gpus // gpus)
    if not most:
        return 0
    return min(worker.cores, most * each) if each else worker.cores


def _spread(cores: list[int], limit: int | None, each: int | None) -> list[int]:
    """Cores that the Master gives out on each Worker: in turn, a step at a time."""
    step = each or 1
    left = sum(cores) if limit is None else limit
    given = [0] * len(cores)
    progressing = True
    while progressing:
        progressing = False
        for index, own in enumerate(cores):
            if left >= step and given[index] + step <= own:
                given[index] += step
                left -= step
                progressing = True
    return given


@dataclass(frozen=True)
class _Worker:
    cores: int
    memory_mib: int
    gpus: int


def _workers(spark: SparkSession) -> list[_Worker]:
    """The Workers that are alive, asked of the standalone Master itself."""
    problem: Exception | None = None
    for address in _master(spark).removeprefix("spark://").split(","):
        try:
            state = _ask_master(spark, f"spark://{address}")
        except Py4JError as error:  # a standby Master, or one that is gone
            problem = error
            continue
        alive = [item for item in state.workers() if item.state().toString() == "ALIVE"]
        if alive:
            return [_Worker(item.cores(), item.memory(), _gpus(item)) for item in alive]
    if problem is not None:
        logger.warning("the Master did not say which Workers it has: %s", problem)
    return []


def _ask_master(spark: SparkSession, url: str) -> Any:
    jvm: Any = spark.sparkContext._jvm
    loader = jvm.Thread.currentThread().getContextClassLoader()
    messages = "org.apache.spark.deploy.DeployMessages"
    answer = jvm.java.lang.Class.forName(f"{messages}$MasterStateResponse", True, loader)
    question = getattr(jvm.org.apache.spark.deploy, "DeployMessages$RequestMasterState$")
    tag = getattr(getattr(jvm.scala.reflect, "ClassTag$"), "MODULE$").apply(answer)
    address = jvm.org.apache.spark.rpc.RpcAddress.fromSparkURL(url)
    environment = jvm.org.apache.spark.SparkEnv.get().rpcEnv()
    endpoint = environment.setupEndpointRef(address, "Master")
    return endpoint.askSync(getattr(question, "MODULE$"), tag)


def _gpus(worker: Any) -> int:
    found = worker.resources().get("gpu")
    return int(found.get().addresses().size()) if found.isDefined() else 0

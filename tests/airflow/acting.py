"""EMR as a whole, in front of moto: clusters that come up, have nodes, and do their steps.

What does them pretends to: it leaves what the jobs would leave. A cluster moves on whenever it is
asked for its steps, so nobody waits.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from moto.emr.models import emr_backends

from pipeline.emr.running.api import Emr
from pipeline.emr.running.record import record_of
from tests.emr.lossy import Lossy
from tests.emr.nodes import Nodes, put_verdict
from tests.emr.pretended import ACCOUNT, REGION, PretendedCluster, argument, job_of


class ActingCluster(PretendedCluster):
    """A cluster that somebody else has created."""

    def __init__(self, cluster_id: str, acting: Acting) -> None:
        self.id = cluster_id
        self.record = record_of(Emr(REGION).cluster(cluster_id))
        self.fails = acting.fails
        self.dies = {}
        self.before = []
        self.moves = 0
        self.versions = acting.versions
        self._acting = acting

    def _end(self, step: Any) -> None:
        self._acting.done.append((job_of(step), argument(step.args, "--run-id")))
        super()._end(step)


class Acting:
    """All clusters of one test.

    Parameters
    ----------
    proxy : Lossy
        In front of moto's EMR.
    base : str
        URI below which the test has all that it has.
    name : str
        Begins the names of its clusters.

    Attributes
    ----------
    fails : dict of str to BaseException
        Jobs that fail by this.
    without_room : list of str
        Instance types of which there are none: a cluster that wants one of them first ends.
    done : list of (str, str)
        Each time that a job was done, or failed: the job and the run.
    """

    def __init__(self, proxy: Lossy, base: str, name: str) -> None:
        self.fails: dict[str, BaseException] = {}
        self.without_room: list[str] = []
        self.done: list[tuple[str, str]] = []
        self.versions = {"python": "3.11.99"}
        self.proxy = proxy
        self._base, self._name = base, name
        self._acts: dict[str, ActingCluster] = {}
        self._nodes = Nodes(proxy)
        # Else all that a cluster is asked for moves it on, in one request of many at once.
        proxy.change("ListSteps", self._moved)
        proxy.answer("ListInstances", self._instances)
        proxy.change("DescribeCluster", self._described)

    @property
    def clusters(self) -> list[Any]:
        """Moto's own, the oldest first."""
        found = [each for each in emr_backends[ACCOUNT][REGION].clusters.values()]
        return [each for each in found if f"-{self._name}-" in each.name]

    @property
    def states(self) -> list[str]:
        """Of the clusters."""
        return [each.state for each in self.clusters]

    @property
    def steps(self) -> list[tuple[str, str]]:
        """Name and state of all steps, the oldest first."""
        return [(step.name, step.state) for each in self.clusters for step in each.steps]

    @property
    def jobs(self) -> list[tuple[str, str]]:
        """Job and state of all steps, the oldest first."""
        return [(job_of(step), step.state) for each in self.clusters for step in each.steps]

    def types(self, cluster: Any) -> list[str]:
        """Instance types of the core nodes, as the cluster's request had them."""
        (core,) = [
            fleet
            for fleet in self.requests[cluster.name]["Instances"]["InstanceFleets"]
            if fleet["InstanceFleetType"] == "CORE"
        ]
        return [each["InstanceType"] for each in core["InstanceTypeConfigs"]]

    def _moved(self, said: dict[str, Any]) -> dict[str, Any]:
        for each in self.clusters:
            waits = any(step.state in ("PENDING", "RUNNING") for step in each.steps)
            if waits and each.state in ("RUNNING", "WAITING"):
                act = self._acts.setdefault(each.id, ActingCluster(each.id, self))
                act.sleep(0)
        return said

    def _instances(self, asked: dict[str, Any]) -> dict[str, Any]:
        for node in self._nodes.ids():
            put_verdict(f"{self._base}/verdicts", asked["ClusterId"], node)
        return self._nodes._instances(asked)

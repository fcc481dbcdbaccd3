"""EMR as a whole, in front of moto: clusters that come up, have nodes, and do their steps.

What does them pretends to: it leaves what the jobs would leave. A cluster moves on whenever it is
asked for its steps, so nobody waits.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import partial
from typing import Any

from moto.emr.models import emr_backends

from pipeline import files
from pipeline.cli.runs.outcome import SUCCESS, explain
from pipeline.emr.clusters.request import RECORD_TAG
from pipeline.emr.running.record import ClusterRecord, read_record
from pipeline.errors import DataError
from pipeline.store import runs
from pipeline.store.installed import installed
from pipeline.store.runs import RunPlace
from tests.emr.lossy import Lossy
from tests.emr.nodes import Nodes, put_verdict
from tests.emr.pretended import ACCOUNT, REGION, PretendedCluster, argument, config_in, job_of


class ActingCluster(PretendedCluster):
    """A cluster that somebody else has created."""

    def __init__(self, cluster_id: str, acting: Acting) -> None:
        self.id = cluster_id
        self.record = record_in(self.fake)
        self.fails = acting.fails
        self._acting = acting
        self.before = []
        self.moves = 0
        self.versions = acting.versions

    def sleep(self, _: float) -> None:
        """A moment."""
        said = self._acting.dies
        self.dies = {job: partial(self._die, *lines) for job, lines in said.items()}
        super().sleep(_)

    def _works(self, job: str, arguments: Sequence[str]) -> bool:
        if "--input" not in arguments:
            return super()._works(job, arguments)
        place = RunPlace(config_in(arguments).output, argument(arguments, "--run-id"))
        is_bad = argument(arguments, "--input") in self._acting.bad_inputs
        outcome = explain(DataError("column a is missing")) if is_bad else SUCCESS
        if not is_bad:
            files.write_bytes(f"{argument(arguments, '--output')}/_SUCCESS", b"")
        part = {"outcome": outcome.name, "exit_code": outcome.exit_code, "started": runs.now()}
        runs.note_job(place, job, {**part, "error": outcome.message or None})
        return not is_bad

    def _die(self, of_step: str, of_driver: str, step: str) -> None:
        """Leave what EMR would bring of the logs."""
        self.put_log(of_step, "steps", step, "stderr.gz")
        application = of_step.split()[-1]
        container = f"{application.replace('application', 'container')}_01_000001"
        self.put_log(of_driver, "containers", application, container, "stderr.gz")


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
    works : bool
        Whether clusters do their steps; else somebody else has them done.

    Attributes
    ----------
    fails : dict of str to BaseException
        Jobs that fail by this.
    bad_inputs : list of str
        URIs of partitions that cannot be scored.
    without_room : list of str
        Instance types of which there are none: a cluster that wants one of them first ends.
    dies : dict of str to (str, str)
        Jobs that fail without a word, and what their step and their driver have written.
    """

    def __init__(self, proxy: Lossy, base: str, name: str, *, works: bool = True) -> None:
        self.fails: dict[str, BaseException] = {}
        self.bad_inputs: list[str] = []
        self.without_room: list[str] = []
        self.dies: dict[str, tuple[str, str]] = {}
        self.versions = {**installed(), "python": "3.11.99"}
        self.proxy = proxy
        self._base, self._name = base, name
        self._acts: dict[str, ActingCluster] = {}
        self._nodes = Nodes(proxy)
        self._lock = threading.Lock()
        if works:
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

    @property
    def types(self) -> list[list[str]]:
        """What the core nodes of each cluster may be."""
        return [record_in(each).settings.core.types for each in self.clusters]

    def _moved(self, said: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            for each in self.clusters:
                waits = any(step.state in ("PENDING", "RUNNING") for step in each.steps)
                if waits and each.state in ("RUNNING", "WAITING"):
                    if each.id not in self._acts:
                        self._acts[each.id] = ActingCluster(each.id, self)
                    self._acts[each.id].sleep(0)
        return said

    def _described(self, said: dict[str, Any]) -> dict[str, Any]:
        cluster, status = said["Cluster"], said["Cluster"]["Status"]
        fake = emr_backends[ACCOUNT][REGION].clusters[cluster["Id"]]
        if fake in self.clusters and record_in(fake).settings.core.types[0] in self.without_room:
            fake.state = status["State"] = "TERMINATED_WITH_ERRORS"
            message = "There is insufficient capacity for the requested instance type"
            fake.last_state_change_reason = message
            status["StateChangeReason"] = {"Code": "INTERNAL_ERROR", "Message": message}
        return said

    def _instances(self, asked: dict[str, Any]) -> dict[str, Any]:
        for node in self._nodes.ids():
            put_verdict(f"{self._base}/verdicts", asked["ClusterId"], node)
        return self._nodes._instances(asked)


def record_in(cluster: Any) -> ClusterRecord:
    """What a cluster of moto's was created from."""
    uris = [each["Value"] for each in cluster.tags if each["Key"] == RECORD_TAG]
    return read_record(uris[0], cluster.id)

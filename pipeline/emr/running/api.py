"""EMR's API in one region: what is asked of it, and what is answered, as values."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from pipeline.emr.aws import aws_client, aws_errors
from pipeline.emr.clusters.request import CLUSTER_TAG
from pipeline.emr.running.once import Heard, once
from pipeline.emr.running.states import (
    ACTIVE,
    Cluster,
    Fleet,
    Instance,
    Step,
    cluster_of,
    fleet_of,
    instance_of,
    step_of,
)
from pipeline.errors import EnsemblesError, UserError

_NEVER = datetime.datetime.min.replace(tzinfo=datetime.UTC)
_REFUSALS = ("ValidationException", "InvalidRequestException")


class Emr:
    """EMR in one region.

    Parameters
    ----------
    region : str, optional
        Default: the user's own.
    sleep : callable
        Waits for a number of seconds.
    clock : callable
        Seconds since some moment.
    """

    def __init__(
        self,
        region: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._given = region
        self.sleep = sleep
        self.clock = clock

    @cached_property
    def client(self) -> Any:
        """For questions, which may be repeated."""
        return aws_client("emr", self._given)

    @cached_property
    def client_once(self) -> Any:
        """For what must not be done twice."""
        return aws_client("emr", self._given, retries=False)

    @property
    def region(self) -> str:
        """Which region is asked."""
        return str(self.client.meta.region_name)

    def clusters(
        self, states: Sequence[str] = (), since: datetime.datetime | None = None
    ) -> list[Cluster]:
        """Clusters by state, the newest first; less is known of each than of a described one."""
        wanted: dict[str, Any] = {"ClusterStates": list(states)} if states else {}
        if since is not None:
            wanted["CreatedAfter"] = since
        found = [
            cluster_of(each)
            for each in self._pages("list_clusters", "ListClusters", "Clusters", **wanted)
        ]
        return sorted(found, key=lambda each: each.created or _NEVER, reverse=True)

    def cluster(self, cluster_id: str) -> Cluster:
        """All that is known of one.

        Raises
        ------
        UserError
            When there is none of that id.
        """
        from botocore.exceptions import ClientError

        client = self.client
        with aws_errors("elasticmapreduce:DescribeCluster", self.region):
            try:
                said = part_of(client.describe_cluster(ClusterId=cluster_id), "Cluster")
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") != "InvalidRequestException":
                    raise
                message = error.response["Error"].get("Message", "")
                raise UserError(f"no cluster {cluster_id} in {self.region}: {message}") from error
        return cluster_of(said)

    def active_of(self, name: str) -> str | None:
        """The id of the active cluster of exactly that name; None where there is none.

        Raises
        ------
        UserError
            When several are.
        """
        found = [each for each in self.clusters(ACTIVE) if each.name == name]
        if len(found) > 1:
            raise UserError(
                f"{name}: {len(found)} clusters of this name are active: "
                f"{', '.join(each.id for each in found)}; end all but one by emr-ensembles emr "
                "terminate ID"
            )
        return found[0].id if found else None

    def create(self, request: Mapping[str, Any], heard: Heard | None = None) -> tuple[str, bool]:
        """Create a cluster unless one of its name is active; its id, and whether it is new.

        Parameters
        ----------
        request : mapping
            The arguments of RunJobFlow.
        heard : Heard, optional
            Is told whether EMR may have heard it.

        Raises
        ------
        UserError
            When several of its name are active, or EMR refuses the request.
        """
        from botocore.exceptions import ClientError

        name = str(request["Name"])
        with aws_errors("elasticmapreduce:RunJobFlow", self.region):
            try:
                return once(
                    lambda: self.active_of(name),
                    lambda: str(part_of(self.client_once.run_job_flow(**request), "JobFlowId")),
                    f"cluster {name}",
                    self.sleep,
                    heard,
                )
            except ClientError as error:
                said = error.response.get("Error", {})
                if said.get("Code") not in _REFUSALS:
                    raise
                raise UserError(
                    f"cluster {name}: EMR refuses the request: {said.get('Message', '')}; correct "
                    "the cluster file"
                ) from error

    def steps(self, cluster_id: str) -> list[Step]:
        """The steps of a cluster, the oldest first."""
        found = self._pages("list_steps", "ListSteps", "Steps", ClusterId=cluster_id)
        return [step_of(each) for each in found][::-1]

    def cancel(self, cluster_id: str, steps: Sequence[str]) -> None:
        """Have steps cancelled: those that wait, and those that run.

        Raises
        ------
        EnsemblesError
            With those that EMR does not cancel, and why.
        """
        with aws_errors("elasticmapreduce:CancelSteps", self.region):
            said = self.client.cancel_steps(
                ClusterId=cluster_id, StepIds=list(steps), StepCancellationOption="SEND_INTERRUPT"
            )
        refused = [
            f"{each.get('StepId')}: {each.get('Reason', '')}"
            for each in said.get("CancelStepsInfoList", ())
            if each.get("Status") == "FAILED"
        ]
        if refused:
            raise EnsemblesError(f"steps of {cluster_id} were not cancelled: {'; '.join(refused)}")

    def instances(self, cluster_id: str, states: Sequence[str] = ()) -> list[Instance]:
        """The instances of a cluster, also those that have ended."""
        wanted = {"InstanceStates": list(states)} if states else {}
        found = self._pages(
            "list_instances", "ListInstances", "Instances", ClusterId=cluster_id, **wanted
        )
        return [instance_of(each) for each in found]

    def fleets(self, cluster_id: str) -> list[Fleet]:
        """The instance fleets of a cluster."""
        found = self._pages(
            "list_instance_fleets", "ListInstanceFleets", "InstanceFleets", ClusterId=cluster_id
        )
        return [fleet_of(each) for each in found]

    def terminate(self, cluster_id: str) -> None:
        """Have a cluster end; does nothing to one that has ended."""
        with aws_errors("elasticmapreduce:TerminateJobFlows", self.region):
            self.client.terminate_job_flows(JobFlowIds=[cluster_id])

    def _pages(self, method: str, action: str, key: str, **wanted: Any) -> Iterator[Any]:
        pages = self.client.get_paginator(method).paginate(**wanted)
        with aws_errors(f"elasticmapreduce:{action}", self.region):
            for page in pages:
                yield from part_of(page, key)


def part_of(answer: Mapping[str, Any], key: str) -> Any:
    """What an answer must have.

    Raises
    ------
    ResponseParserError
        When it does not: botocore reads an answer that is not JSON as one without content, and a
        list that was lost must not be taken for one in which nothing is.
    """
    from botocore.parsers import ResponseParserError

    if not answer or key not in answer:
        raise ResponseParserError(f"{key} is not in it")
    return answer[key]


def is_ours(cluster: Cluster) -> bool:
    """Whether this package created it; only of a described one."""
    return CLUSTER_TAG in cluster.tags

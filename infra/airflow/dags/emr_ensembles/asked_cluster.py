"""The cluster of a DAG run: what its params come to, for each list of instance types."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emr_ensembles import naming, project
from emr_ensembles.emr_params import UNSET
from pipeline.errors import UserError

if TYPE_CHECKING:
    from pipeline.emr.running.cluster_staging import ClusterStaging

_PROFILES = "conf/clusters"
_LONGEST_NAME = 100
_DIGITS = 6


@dataclass(frozen=True)
class AskedCluster:
    """What a DAG run's cluster is made from.

    Parameters
    ----------
    file : str
        The cluster file.
    alternatives : tuple of tuple of str
        What is set over the file, one after the other until AWS has room.
    purpose : str
        Says in the cluster's name whose it is: a cluster is of one DAG, one date, and one place
        where it is staged and writes to.
    base, environment : str
        As of `emr-ensembles emr create`.
    logs : str or None
        As of `emr-ensembles emr create`.
    """

    file: str
    alternatives: tuple[tuple[str, ...], ...]
    purpose: str
    base: str
    environment: str
    logs: str | None

    @classmethod
    def of(cls, context: Any) -> AskedCluster:
        """The cluster of a running task's DAG run.

        Raises
        ------
        UserError
            When something is neither given nor set.
        """
        day = naming.day_of(context["dag_run"])
        return cls.asked(context["params"], context["dag"].dag_id, day)

    @classmethod
    def asked(cls, params: Mapping[str, Any], dag_id: str, day: str) -> AskedCluster:
        """The cluster by a DAG's params.

        Raises
        ------
        UserError
            When something is neither given nor set.
        """
        always = list(params["cluster_overrides"])
        if params["release"] is not None:
            always.append(f"release={params['release']}")
        if params["core_count"] is not None:
            always.append(f"core.count={params['core_count']}")
        if params.get("trainers") is not None:
            always.append(f"trainers=[{', '.join(params['trainers'])}]")
        types: list[tuple[str, ...]] = [
            (f"core.types=[{', '.join(each)}]",) for each in params["instance_types"]
        ]
        base = _required(params, dag_id, "base")
        for name in ("output", "registry", "table"):
            if str(params.get(name) or "").startswith(UNSET):
                raise UserError(f"{name} is missing: give the param, or set EMR_ENSEMBLES_BASE")
        # Another Airflow in the same account may run the same DAG for the same date.
        whose = hashlib.sha256(f"{base} {params['output']}".encode()).hexdigest()[:_DIGITS]
        return cls(
            _file(params["cluster"]),
            tuple((*always, *each) for each in types or [()]),
            f"{dag_id}-{day}-{whose}",
            base,
            project.placed(_required(params, dag_id, "environment")),
            _given(params, dag_id, "logs"),
        )

    @property
    def name(self) -> str:
        """What the name in the cluster file becomes; the same in all alternatives.

        Raises
        ------
        ConfigError
            With every problem of the file.
        """
        from pipeline.emr.clusters.files import load_cluster

        own = load_cluster(self.file, self.alternatives[0]).name
        return f"{own[: _LONGEST_NAME - len(self.purpose) - 1]}-{self.purpose}"

    def stagings(self, further: Sequence[str] = ()) -> list[ClusterStaging]:
        """Each alternative, ready to be brought and requested.

        Parameters
        ----------
        further : sequence of str
            What else is set over the file.

        Raises
        ------
        UserError
            When one of them cannot be made.
        """
        from pipeline.emr.clusters.files import load_cluster
        from pipeline.emr.running.cluster_staging import prepare_cluster

        own = [*further, f"name={self.name}"]
        return [
            prepare_cluster(
                load_cluster(self.file, [*each, *own]),
                self.base,
                self.environment,
                project.home() / "bootstrap",
                self.logs,
            )
            for each in self.alternatives
        ]


def _file(text: str) -> str:
    is_profile = "/" not in text and not text.endswith((".yaml", ".yml"))
    return project.placed(f"{_PROFILES}/{text}.yaml" if is_profile else text)


def _given(params: Mapping[str, Any], dag_id: str, name: str) -> str | None:
    """What the param says; else a variable of the DAG's own, or that of all."""
    return (
        params[name] or os.environ.get(_variable(dag_id, name)) or os.environ.get(_variable(name))
    )


def _required(params: Mapping[str, Any], dag_id: str, name: str) -> str:
    found = _given(params, dag_id, name)
    if not found:
        raise UserError(
            f"{name} is missing: give the param, or set {_variable(name)}, "
            f"or {_variable(dag_id, name)} for this DAG alone"
        )
    return found


def _variable(*parts: str) -> str:
    return "_".join(["EMR_ENSEMBLES", *parts]).upper()

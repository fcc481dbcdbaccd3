"""Adding steps to a cluster, each once, also where EMR lists them late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.emr.aws import aws_errors
from pipeline.emr.running.api import Emr
from pipeline.emr.running.once import Heard, once
from pipeline.emr.running.states import Step
from pipeline.errors import EnsemblesError

_AT_ONCE = 256  # AddJobFlowSteps takes no more
_LOOKS = 6
_PAUSE_S = 5.0


def add_steps(
    emr: Emr, cluster_id: str, steps: Sequence[Mapping[str, Any]], heard: Heard | None = None
) -> list[Step]:
    """Add those of the steps whose names the cluster does not have; all of them, in order.

    Parameters
    ----------
    emr : Emr
        Whom to ask.
    cluster_id : str
        The cluster.
    steps : sequence of mapping
        As the API has them; each name only once.
    heard : Heard, optional
        Is told whether EMR may have heard it.

    Returns
    -------
    list of Step
        Those that EMR does not list yet wait.

    Raises
    ------
    EnsemblesError
        When it cannot be done, or EMR does not tell which steps it has added.
    """
    found: dict[str, Step] = {}
    for start in range(0, len(steps), _AT_ONCE):
        found |= _added(emr, cluster_id, steps[start : start + _AT_ONCE], heard or Heard())
    names = [str(step["Name"]) for step in steps]
    for look in range(_LOOKS):
        missing = [name for name in names if name not in found]
        if not missing:
            return [found[name] for name in names]
        if look:
            emr.sleep(_PAUSE_S)
        found = {**_named(emr, cluster_id), **found}
    raise EnsemblesError(
        f"cluster {cluster_id}: EMR has taken steps and does not list them yet: {missing[0]}; the "
        "same command finds them later"
    )


def _added(
    emr: Emr, cluster_id: str, steps: Sequence[Mapping[str, Any]], heard: Heard
) -> dict[str, Step]:
    """By their names, those of the steps whose ids are known."""
    there: dict[str, Step] = {}

    def look() -> dict[str, Step] | None:
        there.update(_named(emr, cluster_id))
        return None if any(step["Name"] not in there for step in steps) else there

    def make() -> dict[str, Step]:
        missing = [step for step in steps if step["Name"] not in there]
        said = emr.client_once.add_job_flow_steps(JobFlowId=cluster_id, Steps=missing)
        ids = said.get("StepIds", ())
        if len(ids) != len(missing):
            return there  # the others are looked for
        return there | {
            str(step["Name"]): _waiting(step_id, step)
            for step_id, step in zip(ids, missing, strict=True)
        }

    with aws_errors("elasticmapreduce:AddJobFlowSteps", emr.region):
        return once(look, make, f"steps of {cluster_id}", emr.sleep, heard)[0]


def _named(emr: Emr, cluster_id: str) -> dict[str, Step]:
    return {step.name: step for step in emr.steps(cluster_id)}


def _waiting(step_id: str, asked: Mapping[str, Any]) -> Step:
    arguments = asked["HadoopJarStep"].get("Args", ())
    return Step(step_id, str(asked["Name"]), "PENDING", tuple(arguments))

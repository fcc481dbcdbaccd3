"""The provider's hook of EMR, but for what must not be done twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow.providers.amazon.aws.hooks.emr import EmrHook

from emr_ensembles.on_emr import told


class OnceHook(EmrHook):
    """Looks for a cluster, or a step, by its name before it asks for one.

    A task whose worker dies after EMR has heard it is tried again, and would else be heard twice.
    """

    def create_job_flow(self, job_flow_overrides: dict[str, Any]) -> dict[str, Any]:
        """Create a cluster unless one of its name is active."""
        from pipeline.emr.running.api import Emr

        with told():
            found, is_new = Emr(self.region_name).create(job_flow_overrides)
        said = "was requested" if is_new else "is there already: nothing was created"
        self.log.info("cluster %s (%s) %s", found, job_flow_overrides["Name"], said)
        return {"JobFlowId": found, "ResponseMetadata": {"HTTPStatusCode": 200}}

    def add_job_flow_steps(  # type: ignore[override]
        self,
        job_flow_id: str,
        steps: Sequence[Mapping[str, Any]] | str | None = None,
        **_: Any,
    ) -> list[str]:
        """Add those of the steps whose names the cluster does not have; the ids of all."""
        from pipeline.emr.running.adding import add_steps
        from pipeline.emr.running.api import Emr

        with told():
            found = add_steps(Emr(self.region_name), job_flow_id, _steps(steps))
        for step in found:
            self.log.info("step %s (%s) is %s", step.id, step.name, step.state.lower())
        return [step.id for step in found]


def _steps(steps: Sequence[Mapping[str, Any]] | str | None) -> Sequence[Mapping[str, Any]]:
    if steps is None or isinstance(steps, str):
        raise TypeError("steps are made by pipeline.emr")
    return steps

"""The libraries that a cluster's nodes have, which need not be those of this machine."""

from __future__ import annotations

from collections.abc import Mapping

import pipeline
from pipeline.emr.running.record import ClusterRecord
from pipeline.errors import UserError
from pipeline.store import runs
from pipeline.store.runs import RunPlace

_OWN = "emr-ensembles"
_LOOKED_AT = 20


def node_versions(output: str, record: ClusterRecord) -> Mapping[str, str] | None:
    """What jobs have recorded that ran below this output in such an environment; None for none.

    The environment's name says what is in it, and the release brings Spark and Python. This
    package itself comes from this machine.

    Parameters
    ----------
    output : str
        The jobs' output URI.
    record : ClusterRecord
        What the cluster was created from.
    """
    for run_id in runs.list_runs(output)[::-1][:_LOOKED_AT]:
        try:
            found = runs.read_run(RunPlace(output, run_id))
        except UserError:  # one without a record, or with a damaged one
            continue
        if found.get("release") != record.settings.release:
            continue
        for part in found["jobs"].values():
            if part.get("python") == record.artifacts.python and part.get("versions"):
                return {**part["versions"], _OWN: pipeline.__version__}
    return None

"""Which jobs of a run need not be done again, and why the others must."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pipeline import files
from pipeline.cli.job_config import TRAINER_OF, JobConfig
from pipeline.cli.runs.inputs import (
    differences,
    prepare_inputs,
    report_inputs,
    score_inputs,
    train_inputs,
)
from pipeline.data.prepared import table_uri
from pipeline.store.versions import Version, newest

_SHOWN = 3
_SAME = "nothing it depends on has changed"


@dataclass(frozen=True)
class Decision:
    """Whether a job must be done, and why.

    Attributes
    ----------
    must_run : bool
        Whether its output is missing, or made from other inputs.
    reason : str
        Why, as a phrase.
    outputs : dict
        URIs of the outputs that are kept, by name.
    facts : dict
        What a record says of the job whose outputs are kept.
    """

    must_run: bool
    reason: str
    outputs: dict[str, str] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)


def decide(job: str, config: JobConfig) -> Decision:
    """Compare what a job's newest output was made from with what it would be made from now.

    Looks at manifests only; jobs before this one must be done.
    """
    if job == "prepare":
        return _compared("data", table_uri(config.output), prepare_inputs(config))
    if job in TRAINER_OF:
        name = TRAINER_OF[job]
        return _compared(name, config.model_uri(name), train_inputs(config, name))
    models = {name: config.model_uri(name) for name in trained(config)}
    if job == "report":
        return _compared("report", config.report_uri, report_inputs(config, models))
    return _scores(config, models)


def _scores(config: JobConfig, models: dict[str, str]) -> Decision:
    if not models:
        return Decision(True, "its output is not there yet")
    outputs: dict[str, str] = {}
    for name, uri in models.items():
        decision = _compared(name, config.scores_uri(name), score_inputs(config, uri))
        if decision.must_run:
            return Decision(True, f"{name}: {decision.reason}")
        outputs |= decision.outputs
    return Decision(False, _SAME, outputs)


def trained(config: JobConfig) -> list[str]:
    """Names of the trainers whose model is published."""
    return [name for name in TRAINER_OF.values() if newest(config.model_uri(name)) is not None]


def _compared(name: str, uri: str, inputs: dict[str, Any]) -> Decision:
    found = newest(uri)
    if found is None:
        return Decision(True, "its output is not there yet")
    if not files.exists(found.content):
        return Decision(True, "the files of its output are gone")
    made_from = found.manifest.get("inputs")
    if not isinstance(made_from, dict):
        return Decision(True, "its output does not say what it was made from")
    changed = differences(made_from, inputs)
    if changed:
        more = len(changed) - _SHOWN
        return Decision(True, "; ".join(changed[:_SHOWN]) + (f"; {more} more" if more > 0 else ""))
    return Decision(False, _SAME, {name: found.content}, _facts(name, found))


def _facts(name: str, found: Version) -> dict[str, Any]:
    """What the job's own record said when it made the output."""
    manifest = found.manifest
    if name == "data":
        return {
            "data_fingerprint": manifest["fingerprint"],
            "metrics": {"rows": manifest["rows"]},
        }
    metrics = manifest.get("metrics", {})
    return {"metrics": metrics if name == "report" else {name: metrics}}

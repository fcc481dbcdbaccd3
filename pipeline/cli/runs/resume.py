"""Which jobs of a run need not be done again, and why the others must."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pipeline import files
from pipeline.cli.job_config import TRAINER_OF, JobConfig
from pipeline.cli.models.present import present
from pipeline.cli.runs.inputs import (
    NOTHING_TELLS,
    Versions,
    differences,
    prepare_inputs,
    report_inputs,
    score_inputs,
    train_inputs,
)
from pipeline.data.prepared import find_prepared, table_uri
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
    shown : str
        What the job showed on the terminal when it made them.
    """

    must_run: bool
    reason: str
    outputs: dict[str, str] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    shown: str = ""


def decide(job: str, config: JobConfig, versions: Versions | None = None) -> Decision:
    """Compare what a job's newest output was made from with what it would be made from now.

    Looks at manifests only; jobs before this one must be done.

    Parameters
    ----------
    job : str
        Its name.
    config : JobConfig
        Its configuration.
    versions : mapping of str to str, optional
        Of the libraries where the job would be done; by default those of this process.
    """
    if job == "prepare":
        return _prepared(config, versions)
    table = find_prepared(config.output)
    if table is not None and table.manifest["made_by"] != config.made_by:
        return Decision(True, "the prepared table was made by other settings")
    data = None if table is None else str(table.manifest["fingerprint"])
    if job in TRAINER_OF:
        name = TRAINER_OF[job]
        return _compared(name, config.model_uri(name), train_inputs(config, name, data, versions))
    models = {name: config.model_uri(name) for name in comparable(config, data)}
    if job == "report":
        return _report(config, data, models, versions)
    return _scores(config, data, models, versions)


def _prepared(config: JobConfig, versions: Versions | None) -> Decision:
    uri, inputs = table_uri(config.output), prepare_inputs(config, versions)
    decision = _compared("data", uri, inputs)
    if decision.reason == NOTHING_TELLS and config.if_exists == "refuse":
        # To prepare it again would be refused, and nothing says that it must be.
        return Decision(False, f"{NOTHING_TELLS}, and if_exists is refuse")
    return decision


def _report(
    config: JobConfig, data: str | None, models: dict[str, str], versions: Versions | None
) -> Decision:
    champion = present(config.promotion, config.name)
    inputs = report_inputs(config, data, models, champion, versions)
    decision = _compared("report", config.report_uri, inputs)
    if decision.must_run:
        return decision
    shown = files.join(config.report_uri, "report.html")
    newest_one = files.join(decision.outputs["report"], "report.html")
    if not files.exists(shown) or files.read_bytes(shown) != files.read_bytes(newest_one):
        return Decision(True, "report.html is not that of the newest version")
    return decision


def _scores(
    config: JobConfig, data: str | None, models: dict[str, str], versions: Versions | None
) -> Decision:
    if not models:
        return Decision(True, "its output is not there yet")
    outputs: dict[str, str] = {}
    for name, uri in models.items():
        decision = _compared(name, config.scores_uri(name), score_inputs(data, uri, versions))
        if decision.must_run:
            return Decision(True, f"{name}: {decision.reason}")
        outputs |= decision.outputs
    return Decision(False, _SAME, outputs)


def trained(config: JobConfig) -> list[str]:
    """Names of the trainers whose model is published."""
    return [name for name in TRAINER_OF.values() if newest(config.model_uri(name)) is not None]


def comparable(config: JobConfig, data: str | None) -> list[str]:
    """Names of the trainers whose model was trained on the prepared table of this fingerprint."""
    if data is None:
        return []
    found = {name: newest(config.model_uri(name)) for name in TRAINER_OF.values()}
    return [
        name
        for name, model in found.items()
        if model is not None and model.manifest.get("table", {}).get("fingerprint") == data
    ]


def has_scores(config: JobConfig, data: str | None, name: str) -> bool:
    """Whether the test rows' scores by a trainer's model are there, and those of the model."""
    inputs = score_inputs(data, config.model_uri(name))
    return not _compared(name, config.scores_uri(name), inputs).must_run


def report_table(config: JobConfig) -> str:
    """What the newest report has shown on the terminal; empty where there is none."""
    found = newest(config.report_uri)
    return "" if found is None else _table(found)


def _table(report: Version) -> str:
    return str(report.manifest.get("table", ""))


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
    shown = _table(found) if name == "report" else ""
    return Decision(False, _SAME, {name: found.content}, _facts(name, found), shown)


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

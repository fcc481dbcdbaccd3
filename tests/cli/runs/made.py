"""Outputs of jobs, made without Spark: what a run finds when it looks what is done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline import files
from pipeline.cli.job_config import TRAINER_OF, JobConfig
from pipeline.cli.runs.inputs import (
    data_fingerprint,
    prepare_inputs,
    report_inputs,
    score_inputs,
    train_inputs,
)
from pipeline.cli.runs.resume import comparable
from pipeline.data.prepared import FORMAT, table_uri
from pipeline.store import model_directory
from pipeline.store.versions import Draft


def config_of(directory: Path, **more: Any) -> JobConfig:
    """A config whose source is a file of that directory."""
    table = directory / "table.csv"
    if not table.exists():
        table.write_text("y,a\n1,2\n")
    whole: dict[str, Any] = {
        "name": "small",
        "output": str(directory / "out"),
        "source": {"kind": "csv", "uri": str(table)},
        "columns": {"label": "y"},
        **more,
    }
    return JobConfig.model_validate(whole)


def make(job: str, config: JobConfig, content: str = "x") -> None:
    """Publish what a job would publish."""
    if job == "prepare":
        manifest = {
            "format": FORMAT,
            "fingerprint": content,
            "rows": {"train": 7, "validation": 2, "test": 1},
            "made_by": config.made_by,
            "inputs": prepare_inputs(config),
        }
        _publish(table_uri(config.output), manifest)
    elif job in TRAINER_OF:
        name = TRAINER_OF[job]
        metadata = {
            "kind": name,
            "metrics": {"fit_seconds": 1.5},
            "inputs": train_inputs(config, name, data_fingerprint(config)),
            "table": {"fingerprint": data_fingerprint(config)},
        }
        natives = {"model": content.encode()}
        model_directory.publish(config.model_uri(name), natives, metadata, if_exists="overwrite")
    elif job == "score":
        for name in comparable(config, data_fingerprint(config)):
            inputs = score_inputs(data_fingerprint(config), config.model_uri(name))
            _publish(config.scores_uri(name), {"inputs": inputs})
    else:
        uris = {
            name: config.model_uri(name) for name in comparable(config, data_fingerprint(config))
        }
        metrics = {name: {"auc": 0.75} for name in uris}
        inputs = report_inputs(config, data_fingerprint(config), uris)
        manifest = {"inputs": inputs, "metrics": metrics, "table": "model  test AUC"}
        _publish(config.report_uri, manifest, "report.html")
        files.write_bytes(files.join(config.report_uri, "report.html"), b"x")


def _publish(uri: str, manifest: dict[str, Any], name: str = "part") -> None:
    with Draft(uri, "overwrite", beside="report.html") as draft:
        files.write_bytes(files.join(draft.content, name), b"x")
        draft.publish(manifest)

"""The report job: all trained models on the same rows, in one page."""

from __future__ import annotations

import datetime
import math
import sys
from typing import TYPE_CHECKING, Any

from pipeline.cli.champion_row import reported_champion
from pipeline.cli.evaluating import card, evaluations
from pipeline.cli.models.present import present
from pipeline.cli.runs.inputs import report_inputs
from pipeline.cli.scoring import require_same_table, trained
from pipeline.cli.trainers import load_model
from pipeline.config import redacted
from pipeline.data.prepared import PreparedTable, open_prepared
from pipeline.estimators.model import EnsembleModel
from pipeline.report.build import LATEST, build, put_latest
from pipeline.report.model_card import ModelResult
from pipeline.report.terminal import table as terminal_table
from pipeline.store.versions import Draft

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from pipeline.cli.job_config import JobConfig

MEASURES = ("auc", "log_loss", "accuracy")


def report(config: JobConfig, spark: SparkSession, run: str | None = None) -> dict[str, Any]:
    """Evaluate every trained model on all splits; write the page, print the table.

    Where the config names a registry with a champion, it is evaluated on the same test rows.

    Returns
    -------
    dict
        What the record of the run says of it: where it lies, each model's measures on test rows.

    Raises
    ------
    UserError
        When no model was trained on the table as it is prepared now.
    """
    table = open_prepared(config.output, config.made_by)
    uris = {name: config.model_uri(name) for name in trained(config, table)}
    champion = present(config.promotion, config.name)
    inputs = report_inputs(config, table.fingerprint, uris, champion)
    models = {
        name: load_model(uri, config.bagging.learners_allowed or ()) for name, uri in uris.items()
    }
    for name, model in models.items():
        require_same_table(name, model, table)
    results = [_evaluated(name, model, table, spark) for name, model in models.items()]
    beside = reported_champion(champion, config, table, spark, results) if champion else None
    with Draft(config.report_uri, config.if_exists, beside=LATEST) as draft:
        written = build(
            results,
            title=config.name,
            output_uri=draft.content,
            context=_context(config, table, run),
            champion=beside,
        )
        rows = [*results, *(beside.results if beside else [])]
        table_text = terminal_table(rows)
        measures = _measures(rows)
        draft.publish({"models": uris, "inputs": inputs, "metrics": measures, "table": table_text})
    latest = put_latest(written, config.report_uri)
    sys.stdout.write(f"{table_text}\n\nreport: {latest.html}\n")
    return {
        "outputs": {"report": latest.html},
        "data_fingerprint": table.fingerprint,
        "metrics": measures,
    }


def _measures(results: list[ModelResult]) -> dict[str, dict[str, float | None]]:
    """Each model's measures on the test rows; None for one that does not exist."""
    found = {
        result.name: {name: result.score("test", name) for name in MEASURES} for result in results
    }
    return {
        model: {name: value if math.isfinite(value) else None for name, value in scores.items()}
        for model, scores in found.items()
    }


def _evaluated(
    name: str, model: EnsembleModel, table: PreparedTable, spark: SparkSession
) -> ModelResult:
    found = evaluations(model, table.read(spark), table.roles.label)
    return ModelResult(name, card(model), found)


def _context(config: JobConfig, table: PreparedTable, run: str | None) -> dict[str, Any]:
    split = config.split
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "run": run,
        "data_fingerprint": table.fingerprint,
        "seed": config.seed,
        "split": f"by time ({split.by_time})" if split.by_time else "by row identity",
        "rows": table.rows,
        "source": redacted(config.source.model_dump(exclude_none=True, mode="json")),
    }

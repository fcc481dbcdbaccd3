"""The report job: all trained models on the same rows, in one page."""

from __future__ import annotations

import datetime
import sys
from typing import TYPE_CHECKING, Any

from pipeline.cli.scoring import require_same_table, trained
from pipeline.cli.trainers import load_model
from pipeline.data.prepare import SPLIT
from pipeline.data.prepared import PreparedTable, open_prepared
from pipeline.estimators.model import EnsembleModel
from pipeline.files import join
from pipeline.report.build import build
from pipeline.report.evaluate import evaluate
from pipeline.report.model_card import ModelResult
from pipeline.report.terminal import table as terminal_table

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from pipeline.cli.job_config import JobConfig


def report(config: JobConfig, spark: SparkSession) -> str:
    """Evaluate every trained model on all splits; write the page, print the table.

    Raises
    ------
    UserError
        When no model is there, or one was trained on another preparation of the table.
    """
    table = open_prepared(config.output, config.made_by)
    models = {name: load_model(config.model_uri(name)) for name in trained(config)}
    for name, model in models.items():
        require_same_table(name, model, table)
    results = [_evaluated(name, model, table, spark) for name, model in models.items()]
    written = build(
        results,
        title=config.name,
        output_uri=join(config.output, "report"),
        context=_context(config, table),
    )
    sys.stdout.write(f"{terminal_table(results)}\n\nreport: {written.html}\n")
    return written.html


def _evaluated(
    name: str, model: EnsembleModel, table: PreparedTable, spark: SparkSession
) -> ModelResult:
    model.setParams(rawPredictionCol="")
    scored = model.score(table.read(spark), keep=[table.roles.label, SPLIT])
    evaluations = evaluate(
        scored,
        classes=model.classes,
        label=table.roles.label,
        prediction=model.value("predictionCol"),
        probability=model.value("probabilityCol"),
        split=SPLIT,
    )
    card = {
        **model.metadata,
        "metrics": {**model.metrics, "history": model.history},
        "features": model.features.names,
    }
    return ModelResult(name, card, evaluations)


def _context(config: JobConfig, table: PreparedTable) -> dict[str, Any]:
    split = config.split
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "data_fingerprint": table.fingerprint,
        "seed": config.seed,
        "split": f"by time ({split.by_time})" if split.by_time else "by row identity",
        "rows": table.rows,
        "source": config.source.model_dump(exclude_none=True, mode="json"),
    }

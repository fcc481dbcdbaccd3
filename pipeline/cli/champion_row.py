"""The present champion on the prepared table's test rows: for the report, and to be scored."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F  # noqa: N812

from pipeline.cli.drift import fit_to
from pipeline.cli.evaluating import card, evaluations
from pipeline.cli.trainers import load_model
from pipeline.data.prepare import SPLIT
from pipeline.errors import DataError
from pipeline.report.champion import ReportedChampion
from pipeline.report.model_card import ModelResult

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from pipeline.cli.job_config import JobConfig
    from pipeline.data.prepared import PreparedTable
    from pipeline.estimators.model import EnsembleModel
    from pipeline.report.evaluation import Evaluation
    from pipeline.store.champions import Champion

logger = logging.getLogger(__name__)

_SPLIT_KEYS = ("seed", "split", "columns")
# Of another training: beside those of these models they would be read as comparable.
_OF_ITS_TRAINING = ("metrics", "importance", "data_fingerprint")


def reported_champion(
    champion: Champion,
    config: JobConfig,
    table: PreparedTable,
    spark: SparkSession,
    results: Sequence[ModelResult],
) -> ReportedChampion:
    """Evaluate the champion on the test rows; where that cannot be, say why.

    Parameters
    ----------
    champion : Champion
        The present champion.
    config : JobConfig
        The job's.
    table : PreparedTable
        The table whose test rows all are evaluated on.
    spark : SparkSession
        The session.
    results : sequence of ModelResult
        The models that were evaluated already; one of them may be the champion itself.
    """
    model = load_model(champion.model_uri, config.bagging.learners_allowed or ())
    notes = tuple(_doubts(model, table))
    for note in notes:
        logger.warning("champion number %d: %s", champion.number, note)
    try:
        found = _evaluated(model, champion, config, table, spark, results)
    except DataError as error:
        reason = " ".join(str(error).split())
        logger.warning("champion number %d is not in the report: %s", champion.number, reason)
        return ReportedChampion(champion.facts, None, reason, notes)
    kept = {key: value for key, value in card(model).items() if key not in _OF_ITS_TRAINING}
    name = f"champion ({champion.trainer})"
    return ReportedChampion(champion.facts, ModelResult(name, kept, {"test": found}), notes=notes)


def fitted_test_rows(
    model: EnsembleModel, config: JobConfig, table: PreparedTable, spark: SparkSession
) -> DataFrame:
    """The test rows with the features of a model that was trained on another table.

    A prepared table has other columns than any source, so `drift: refuse` refuses no more of them
    than `ignore_extra` does.

    Raises
    ------
    DataError
        When a feature is missing, or cannot be read as in training.
    """
    rows = table.read(spark).where(F.col(SPLIT) == "test")
    policy = "ignore_extra" if config.drift == "refuse" else config.drift
    return fit_to(rows, model.inputs, None, policy)


def _evaluated(
    model: EnsembleModel,
    champion: Champion,
    config: JobConfig,
    table: PreparedTable,
    spark: SparkSession,
    results: Sequence[ModelResult],
) -> Evaluation:
    for result in results:
        if result.metadata.get("digest") == champion.digest:
            return result.evaluations["test"]
    rows = fitted_test_rows(model, config, table, spark)
    return evaluations(model, rows, table.roles.label)["test"]


def _doubts(model: EnsembleModel, table: PreparedTable) -> list[str]:
    """Whether test rows may have trained the champion."""
    trained: dict[str, Any] = model.metadata.get("table", {})
    differing = [key for key in _SPLIT_KEYS if trained.get(key) != table.made_by.get(key)]
    if not differing:
        return []
    return [
        f"The champion was trained with other settings of {', '.join(differing)}, so rows that are "
        "test rows now may have trained it: its measures may flatter it."
    ]

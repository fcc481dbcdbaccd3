"""The score job: any saved model over any table."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

from pyspark.ml.functions import vector_to_array
from pyspark.sql import functions as F  # noqa: N812

from pipeline import files
from pipeline.cli.champion_row import fitted_test_rows
from pipeline.cli.drift import fit_to
from pipeline.cli.models.present import CHAMPION, require_present
from pipeline.cli.runs.inputs import model_digest, score_inputs
from pipeline.cli.runs.resume import comparable, has_scores
from pipeline.cli.runs.resume import trained as published
from pipeline.cli.trainers import TRAINERS, load_model
from pipeline.data.names import column
from pipeline.data.prepare import SPLIT
from pipeline.data.prepared import PreparedTable, open_prepared
from pipeline.data.settings import SourceSettings
from pipeline.data.sources import location, read
from pipeline.data.unreadable import reading
from pipeline.errors import UserError
from pipeline.estimators.model import EnsembleModel
from pipeline.spark.job_progress import job_progress
from pipeline.store.plain_directory import PlainDirectory
from pipeline.store.versions import Draft

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from pipeline.cli.job_config import JobConfig

logger = logging.getLogger(__name__)

_NUMBERED = re.compile(r"(.+)(@\d{1,6})")


def score_test_rows(
    config: JobConfig, spark: SparkSession, model: str | None, *, fresh: bool = False
) -> dict[str, Any]:
    """Score the prepared test rows with one model, or with all that were trained on this table.

    Without a model's name, those scores that are there and would come out the same stay, unless
    all are asked for anew.
    """
    table = open_prepared(config.output, config.made_by)
    if model == CHAMPION:
        return _score_with_champion(config, spark, table)
    rows = table.read(spark).where(F.col(SPLIT) == "test")
    outputs = {}
    for name in [model] if model else trained(config, table):
        if model is None and not fresh and has_scores(config, table.fingerprint, name):
            logger.info("%s: its scores are there, and nothing they depend on has changed", name)
            continue
        outputs[name] = _score_rows(name, config, table, rows)
    return {"outputs": outputs, "data_fingerprint": table.fingerprint}


def score_table(
    config: JobConfig, spark: SparkSession, model: str | None, source: SourceSettings, output: str
) -> dict[str, Any]:
    """Score a table of the user's; all its columns pass through to the output.

    Without a model's name, the champion scores it.
    """
    if source.kind == "csv":
        # Types are the model's, not guessed from this file: a category 01 stays 01.
        given = {k: v for k, v in source.options.items() if k.lower() != "inferschema"}
        source = source.model_copy(update={"options": {**given, "inferSchema": False}})
    champion = None
    if model is None or model == CHAMPION:
        champion = require_present(config.promotion, config.name)
    uri = champion.model_uri if champion else model_uri(config, str(model))
    which = {"champion": champion.facts} if champion else {}
    with PlainDirectory(output, config.if_exists) as directory:
        found = load_model(uri, config.bagging.learners_allowed or ())
        with reading(location(source)):
            rows = read(spark, source)
            fitted = _fitted(config, found, rows, is_text=source.kind == "csv")
            _score(found, fitted, directory.content, keep=rows.columns)
        facts = {"scored": source.uri, "model": uri, "model_digest": model_digest(uri), **which}
        place = directory.put(facts)
    logger.info("scored with %s: %s", champion.title if champion else model, place)
    return {"outputs": {"scores": place}, **which}


def require_same_table(name: str, model: EnsembleModel, table: PreparedTable) -> None:
    """Raise a `UserError` when a model was trained on another preparation of the table."""
    trained_on = model.metadata.get("table", {}).get("fingerprint")
    if trained_on != table.fingerprint:
        raise UserError(
            f"model {name} was trained on another preparation of the table; train it again"
        )


def trained(config: JobConfig, table: PreparedTable) -> list[str]:
    """Trainers whose model was trained on the prepared table; a warning names others.

    Raises
    ------
    UserError
        When there is none.
    """
    found = comparable(config, table.fingerprint)
    others = [name for name in published(config) if name not in found]
    if others:
        logger.warning(
            "left out: %s, trained on another preparation of the table; train it again, or delete "
            "it below %s/models",
            ", ".join(others),
            config.output,
        )
    if not found:
        raise UserError(
            f"{config.output}: no model that was trained on this table; run jobs/bag.py, "
            "jobs/boost.py or jobs/deep.py"
        )
    return found


def model_uri(config: JobConfig, model: str) -> str:
    """The URI of a trainer's model by its name, or the URI itself; either may end in `@2`."""
    numbered = _NUMBERED.fullmatch(model)
    name, number = (numbered[1], numbered[2]) if numbered else (model, "")
    return (config.model_uri(name) if name in TRAINERS else files.absolute(name)) + number


def _score_rows(name: str, config: JobConfig, table: PreparedTable, rows: DataFrame) -> str:
    uri = model_uri(config, name)
    inputs = score_inputs(table.fingerprint, uri)
    model = load_model(uri, config.bagging.learners_allowed or ())
    require_same_table(name, model, table)
    with Draft(config.scores_uri(name), config.if_exists) as draft:
        _score(model, rows, draft.content)
        version = draft.publish({"model": uri, "rows": table.rows["test"], "inputs": inputs})
    logger.info("scored the test rows with %s: %s", name, version.content)
    return version.content


def _score_with_champion(
    config: JobConfig, spark: SparkSession, table: PreparedTable
) -> dict[str, Any]:
    """The test rows by the champion, which was trained on this table or on another."""
    champion = require_present(config.promotion, config.name)
    model = load_model(champion.model_uri, config.bagging.learners_allowed or ())
    rows = fitted_test_rows(model, config, table, spark)
    manifest = {
        "model": champion.model_uri,
        "champion": champion.facts,
        "rows": table.rows["test"],
        "inputs": score_inputs(table.fingerprint, champion.model_uri),
    }
    with Draft(config.scores_uri(CHAMPION), config.if_exists) as draft:
        _score(model, rows, draft.content, keep=table.read(spark).columns)
        version = draft.publish(manifest)
    logger.info("scored the test rows with %s: %s", champion.title, version.content)
    return {
        "outputs": {CHAMPION: version.content},
        "data_fingerprint": table.fingerprint,
        "champion": champion.facts,
    }


def _fitted(
    config: JobConfig, model: EnsembleModel, rows: DataFrame, *, is_text: bool
) -> DataFrame:
    """A table with the model's features, as `config.drift` allows."""
    weight = model.metadata["params"].get("weightCol")
    return fit_to(
        rows,
        model.inputs,
        model.metadata.get("table", {}).get("source_columns"),
        config.drift,
        unneeded=[str(model.metadata["label"]["name"]), *([weight] if weight else [])],
        is_text=is_text,
    )


def _score(
    model: EnsembleModel, rows: DataFrame, output: str, keep: list[str] | None = None
) -> None:
    model.setParams(rawPredictionCol="")
    with job_progress(rows.sparkSession, f"scoring with {model.metadata['kind']}"):
        scored = model.score(rows, keep=keep)
        name = model.value("probabilityCol")
        scored.withColumn(name, vector_to_array(column(name))).write.parquet(output)

"""The score job: any saved model over any table."""

from __future__ import annotations

import logging
import re
import uuid
from typing import TYPE_CHECKING

from pyspark.ml.functions import vector_to_array
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql.types import StringType

from pipeline import files
from pipeline.cli.trainers import TRAINERS, load_model
from pipeline.data.encoding import FeatureSchema
from pipeline.data.names import column
from pipeline.data.prepare import SPLIT
from pipeline.data.prepared import PreparedTable, open_prepared
from pipeline.data.settings import SourceSettings
from pipeline.data.sources import read
from pipeline.errors import UserError
from pipeline.estimators.model import EnsembleModel

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from pipeline.cli.job_config import JobConfig

logger = logging.getLogger(__name__)

_CASTS = {"numeric": "double", "boolean": "boolean"}


def score_test_rows(config: JobConfig, spark: SparkSession, model: str | None) -> list[str]:
    """Score the prepared test rows with one model, or with all that were trained."""
    table = open_prepared(config.output, config.made_by)
    rows = table.read(spark).where(F.col(SPLIT) == "test")
    return [
        _score_rows(name, config, table, rows) for name in ([model] if model else trained(config))
    ]


def score_table(
    config: JobConfig, spark: SparkSession, model: str, source: SourceSettings, output: str
) -> str:
    """Score a table of the user's; all its columns pass through to the output."""
    if source.kind == "csv":
        # Types are the model's, not guessed from this file: a category 01 stays 01.
        source = source.model_copy(update={"options": {"inferSchema": False, **source.options}})
    target = files.absolute(output)
    if files.exists(target):
        raise UserError(f"{target}: is there already; delete it or choose another --output")
    _score(load_model(model_uri(config, model)), read(spark, source), target)
    return target


def require_same_table(name: str, model: EnsembleModel, table: PreparedTable) -> None:
    """Raise a `UserError` when a model was trained on another preparation of the table."""
    trained_on = model.metadata.get("table", {}).get("fingerprint")
    if trained_on != table.fingerprint:
        raise UserError(
            f"model {name} was trained on another preparation of the table; train it again"
        )


def trained(config: JobConfig) -> list[str]:
    """Trainers whose model is published.

    Raises
    ------
    UserError
        When there is none.
    """
    found = [name for name in TRAINERS if files.exists(f"{config.model_uri(name)}/metadata.json")]
    if not found:
        raise UserError(
            f"{config.output}: no trained model; run jobs/bag.py, jobs/boost.py or jobs/deep.py"
        )
    return found


def model_uri(config: JobConfig, model: str) -> str:
    """The URI of a trainer's model by its name, or the URI itself."""
    return config.model_uri(model) if model in TRAINERS else files.absolute(model)


def _score_rows(name: str, config: JobConfig, table: PreparedTable, rows: DataFrame) -> str:
    """Score the test rows into a directory of their own; earlier ones go when it is whole."""
    model = load_model(model_uri(config, name))
    require_same_table(name, model, table)
    scores = files.join(config.output, "scores")
    plain = name.rstrip("/").rpartition("/")[2]
    own = f"{plain}-{uuid.uuid4().hex[:8]}"
    _score(model, rows, files.join(scores, own))
    for other in files.children(scores):
        if other != own and re.fullmatch(re.escape(plain) + "-[0-9a-f]{8}", other):
            files.delete(files.join(scores, other))
    return files.join(scores, own)


def _score(model: EnsembleModel, rows: DataFrame, output: str) -> None:
    model.setParams(rawPredictionCol="")
    scored = model.transform(_typed(rows, model.features))
    name = model.value("probabilityCol")
    try:
        scored.withColumn(name, vector_to_array(column(name))).write.parquet(output)
    except BaseException:
        files.delete(output)  # nothing half-written is left
        raise
    logger.info("scored with %s: %s", model.metadata["kind"], output)


def _typed(rows: DataFrame, features: FeatureSchema) -> DataFrame:
    """Text columns of a text file as the types that the model was trained on."""
    present = set(rows.columns)
    for feature in features.features:
        if feature.name not in present or feature.kind == "categorical":
            continue
        if not isinstance(rows.schema[feature.name].dataType, StringType):
            continue
        text = column(feature.name)
        value = text.cast(_CASTS[feature.kind])
        wrong = text.isNotNull() & (F.trim(text) != "") & value.isNull()
        told = F.concat(
            F.lit(f"pipeline.errors.DataError: column {feature.name} was {feature.kind} in "),
            F.lit("training and holds the text '"),
            text,
            F.lit("'; correct the value, or leave it empty for a missing one"),
        )
        checked = F.when(wrong, F.raise_error(told)).otherwise(value)
        rows = rows.withColumn(feature.name, checked.cast(_CASTS[feature.kind]))
    return rows

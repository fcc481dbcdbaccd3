"""The score job: any saved model over any table."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from pyspark.ml.functions import vector_to_array
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql.types import StringType

from pipeline import files
from pipeline.cli.trainers import TRAINERS, load_model
from pipeline.data.encoding import FeatureSchema
from pipeline.data.names import column
from pipeline.data.prepare import SPLIT
from pipeline.data.prepared import open_prepared
from pipeline.data.settings import SourceSettings
from pipeline.data.sources import read
from pipeline.errors import UserError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from pipeline.cli.job_config import JobConfig

logger = logging.getLogger(__name__)

_CASTS = {"numeric": "double", "boolean": "boolean"}


def score_test_rows(config: JobConfig, spark: SparkSession, model: str | None) -> list[str]:
    """Score the prepared test rows with one model, or with all that were trained."""
    table = open_prepared(config.output, config.made_by)
    rows = table.read(spark).where(F.col(SPLIT) == "test")
    written = []
    for name in [model] if model else trained(config):
        uri = files.join(config.output, "scores", name.rpartition("/")[2])
        written.append(_score(model_uri(config, name), rows, uri))
    return written


def score_table(
    config: JobConfig, spark: SparkSession, model: str, source: SourceSettings, output: str
) -> str:
    """Score a table of the user's; all its columns pass through to the output."""
    if source.kind == "csv":
        # Types are the model's, not guessed from this file: a category 01 stays 01.
        source = source.model_copy(update={"options": {"inferSchema": False, **source.options}})
    return _score(model_uri(config, model), read(spark, source), files.absolute(output))


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


def _score(model: str, rows: DataFrame, output: str) -> str:
    loaded = load_model(model)
    typed = _typed(rows, loaded.features)
    loaded.setParams(rawPredictionCol="")
    scored = loaded.transform(typed)
    name = loaded.value("probabilityCol")
    plain = scored.withColumn(name, vector_to_array(column(name)))
    plain.write.mode("overwrite").parquet(output)
    logger.info("scored with %s: %s", model, output)
    return output


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

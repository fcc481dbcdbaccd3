"""From a section of the config to an estimator: three trainers, one way to run them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from pyspark.sql import functions as F  # noqa: N812

from pipeline import files
from pipeline.bagging import (
    BaggingClassificationModel,
    BaggingClassifier,
    BaggingRegressionModel,
)
from pipeline.bagging.params import BaggingParams
from pipeline.boosting import (
    AdaBoostClassificationModel,
    BoostingClassificationModel,
    BoostingClassifier,
    BoostingRegressionModel,
)
from pipeline.cli.runs.inputs import train_inputs
from pipeline.data.prepare import ROW_ID, SPLIT
from pipeline.data.prepared import open_prepared
from pipeline.data.roles import Roles
from pipeline.deep import DeepClassificationModel, DeepClassifier, DeepRegressionModel
from pipeline.errors import UserError
from pipeline.estimators.estimator import EnsembleEstimator
from pipeline.estimators.model import EnsembleModel
from pipeline.estimators.params import GangParams
from pipeline.estimators.resumable import CheckpointParams
from pipeline.store import model_directory
from pipeline.transfer import TextClassificationModel, TextClassifier, TextRegressionModel
from pipeline.transfer.estimator import TextEstimator

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from pipeline.cli.job_config import JobConfig

logger = logging.getLogger(__name__)

_VALIDATION = "is_validation"

Trains: TypeAlias = EnsembleEstimator[Any, Any] | TextEstimator[Any]


@dataclass(frozen=True)
class Trainer:
    """A trainer.

    Parameters
    ----------
    estimator : type of EnsembleEstimator
        What trains.
    model : type of EnsembleModel
        What it returns.
    """

    estimator: type[EnsembleEstimator[Any, Any]]
    model: type[EnsembleModel]


TRAINERS = {
    "bagging": Trainer(BaggingClassifier, BaggingClassificationModel),
    "boosting": Trainer(BoostingClassifier, BoostingClassificationModel),
    "deep": Trainer(DeepClassifier, DeepClassificationModel),
}

_OF_CLASSES: dict[str, type[EnsembleModel]] = {
    **{name: trainer.model for name, trainer in TRAINERS.items()},
    "adaboost": AdaBoostClassificationModel,
    "text": TextClassificationModel,
}
_OF_NUMBERS: dict[str, type[EnsembleModel]] = {
    "boosting": BoostingRegressionModel,
    "deep": DeepRegressionModel,
    "text": TextRegressionModel,
}
_JOBS = {"bagging": "bag", "boosting": "boost"}


def train(name: str, config: JobConfig, spark: SparkSession) -> dict[str, Any]:
    """Train one model on the prepared table and publish it; returns what a record says of it.

    Raises
    ------
    UserError
        When there is no prepared table, or it was made by other settings.
    """
    table = open_prepared(config.output, config.made_by)
    estimator = make_estimator(name, config, table.roles)
    inputs = train_inputs(config, name, table.fingerprint)
    model = estimator.fit(marked_rows(table.read(spark)))
    model.metadata["table"] = {
        "fingerprint": table.fingerprint,
        "source_columns": table.columns,  # `columns` of made_by is what the config says of them
        **table.made_by,
    }
    model.metadata["inputs"] = inputs
    uri = config.model_uri(name)
    version = model.publish(uri, config.if_exists)
    files.delete(config.checkpoints_uri(name))  # the model holds all that was in them
    logger.info("%s: trained in %.1f s, %s", name, model.metrics["fit_seconds"], uri)
    return {
        "outputs": {name: version.content},
        "data_fingerprint": table.fingerprint,
        "metrics": {name: model.metrics},
    }


def marked_rows(prepared: DataFrame) -> DataFrame:
    """Rows that a training may see, those of validation marked."""
    rows = prepared.where(F.col(SPLIT) != "test")
    return rows.withColumn(_VALIDATION, F.col(SPLIT) == "validation")


def make_estimator(name: str, config: JobConfig, roles: Roles) -> Trains:
    """The estimator that a config asks for.

    Raises
    ------
    UserError
        When the table has nothing that it learns from.
    """
    if name == "deep" and config.text.is_used:
        return _made(name, TextClassifier, config, roles, _texts(roles), config.text.given())
    _require_features(name, roles)
    features = {"featuresCols": list(roles.features) or None, "featuresCol": roles.vector}
    given = getattr(config, name).given()
    return _made(name, TRAINERS[name].estimator, config, roles, features, given)


def _texts(roles: Roles) -> dict[str, Any]:
    first, second = (*roles.text, None)[:2]
    return {"textCol": first, "pairCol": second}


def _require_features(name: str, roles: Roles) -> None:
    if roles.has_features:
        return
    if name == "deep":
        raise UserError(
            "the table has text and no features: for a network on the text set text.checkpoint, "
            "for one on features name some in columns.features"
        )
    raise UserError(
        f"the table has text and no features, and {name} learns from features alone: name some in "
        f"columns.features, or leave {_JOBS[name]} out (emr-ensembles run --jobs prepare deep "
        "score report)"
    )


def _made(
    name: str,
    kind: type[Trains],
    config: JobConfig,
    roles: Roles,
    inputs: dict[str, Any],
    given: dict[str, Any],
) -> Trains:
    params: dict[str, Any] = {
        **inputs,
        "labelCol": roles.label,
        "weightCol": roles.weight,
        "rowIdCol": ROW_ID,
        "validationIndicatorCol": _VALIDATION,
        "seed": config.seed,
        "scratchDir": config.scratch_uri,
        **(config.gang.params() if issubclass(kind, GangParams) else {}),
        **given,
    }
    if issubclass(kind, BaggingParams | CheckpointParams):
        params["checkpoint_dir"] = config.checkpoints_uri(name)
    return kind(**params)


def load_model(uri: str, learners_allowed: Sequence[str] = ()) -> EnsembleModel:
    """A saved model of any trainer.

    Parameters
    ----------
    uri : str
        The model's directory.
    learners_allowed : sequence of str
        Import paths that a bagged model may load besides those that are known.

    Raises
    ------
    ModelError
        When there is none, or not one that this version can read.
    """
    metadata, stored = model_directory.open_stored(uri)
    kind = str(metadata["kind"])
    if kind not in _OF_CLASSES:
        known = ", ".join(TRAINERS)
        raise UserError(f"{uri}: a model of kind {kind}; this version knows {known}")
    is_number = not metadata["label"]["classes"]
    if kind == "bagging":
        loaded = BaggingRegressionModel if is_number else BaggingClassificationModel
        model = loaded.from_content(metadata, stored)
        return model.setParams(learners_allowed=list(learners_allowed))
    made = _OF_NUMBERS[kind] if is_number else _OF_CLASSES[kind]
    return made.from_content(*model_directory.read(uri))

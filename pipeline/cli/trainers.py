"""From a section of the config to an estimator: three trainers, one way to run them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from pipeline.cli.job_config import JobConfig

logger = logging.getLogger(__name__)

_VALIDATION = "is_validation"


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
}
_OF_NUMBERS: dict[str, type[EnsembleModel]] = {
    "boosting": BoostingRegressionModel,
    "deep": DeepRegressionModel,
}


def train(name: str, config: JobConfig, spark: SparkSession) -> dict[str, Any]:
    """Train one model on the prepared table and publish it; returns what a record says of it.

    Raises
    ------
    UserError
        When there is no prepared table, or it was made by other settings.
    """
    table = open_prepared(config.output, config.made_by)
    inputs = train_inputs(config, name, table.fingerprint)
    marked = marked_rows(table.read(spark))
    model = make_estimator(name, config, table.roles).fit(marked)
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


def make_estimator(name: str, config: JobConfig, roles: Roles) -> EnsembleEstimator[Any, Any]:
    """The estimator that a config asks for."""
    trainer = TRAINERS[name]
    params: dict[str, Any] = {
        "featuresCols": list(roles.features) or None,
        "featuresCol": roles.vector,
        "labelCol": roles.label,
        "weightCol": roles.weight,
        "rowIdCol": ROW_ID,
        "validationIndicatorCol": _VALIDATION,
        "seed": config.seed,
        "scratchDir": config.scratch_uri,
        **(config.gang.params() if issubclass(trainer.estimator, GangParams) else {}),
        **getattr(config, name).given(),
    }
    if issubclass(trainer.estimator, BaggingParams | CheckpointParams):
        params["checkpoint_dir"] = config.checkpoints_uri(name)
    return trainer.estimator(**params)


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

"""A model's measures on rows of the prepared table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.data.prepare import SPLIT
from pipeline.report.evaluate import evaluate
from pipeline.report.evaluation import Evaluation
from pipeline.store import model_directory

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipeline.estimators.model import EnsembleModel


def evaluations(model: EnsembleModel, rows: DataFrame, label: str) -> dict[str, Evaluation]:
    """Score rows and evaluate the scores, split by split.

    Parameters
    ----------
    model : EnsembleModel
        The model.
    rows : DataFrame
        Rows of the prepared table, with the model's features.
    label : str
        The column of the label.

    Raises
    ------
    DataError
        When a label is none of the model's classes.
    """
    model.setParams(rawPredictionCol="")
    return evaluate(
        model.score(rows, keep=[label, SPLIT]),
        classes=model.classes,
        label=label,
        prediction=model.value("predictionCol"),
        probability=model.value("probabilityCol"),
        split=SPLIT,
    )


def card(model: EnsembleModel) -> dict[str, Any]:
    """What the report says of a model besides its measures."""
    return {
        **model.metadata,
        "digest": model_directory.digest(model.metadata),
        "metrics": {**model.metrics, "history": model.history},
        "features": model.inputs.names,
    }

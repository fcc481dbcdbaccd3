"""The checkpoint, used in five ways by `TextClassifier`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from benchmarks.text_demo.contenders import Contender, last_stage
from benchmarks.text_demo.rows import ID, LABEL, TEXT
from benchmarks.text_demo.tables import IS_VALIDATION, Tables
from pipeline.transfer.packages import minilm

if TYPE_CHECKING:
    from pyspark.ml import PipelineModel

EPOCHS = 2
SCRATCH_EPOCHS = 2 * EPOCHS
"""Random weights begin farther away, so they get twice the passes, and twice the time."""

# The longest text has 59 words; the log counts what is cut.
_SHAPE: Mapping[str, Any] = {"max_length": 64, "pooling": "mean", "batch_size": 32}
_RATES = ({"learning_rate": 1e-4}, {"learning_rate": 2.5e-4})
_DESCRIPTIONS = (
    {"0": ["a bad film"], "1": ["a good film"]},
    {
        "0": ["a dull, boring film", "a bad film", "a waste of time"],
        "1": ["a wonderful, moving film", "a good film", "a film worth seeing"],
    },
)


def _fit(tables: Tables, params: Mapping[str, Any], seed: int) -> PipelineModel:
    from pyspark.ml import Pipeline

    from pipeline.transfer import TextClassifier

    classifier = TextClassifier(
        textCol=TEXT,
        labelCol=LABEL,
        rowIdCol=ID,
        validationIndicatorCol=IS_VALIDATION,
        checkpoint=str(minilm()),
        monitor="accuracy",
        checkpoint_epochs=0,
        seed=seed,
        **params,
    )
    return Pipeline(stages=[classifier]).fit(tables.learning)


def _trained(model: PipelineModel) -> int:
    return int(last_stage(model).trainedParameters)


def _contender(
    name: str, how: str, fixed: Mapping[str, Any], settings: tuple[Mapping[str, Any], ...]
) -> Contender:
    told = {"strategy": name, **_SHAPE, **fixed}
    return Contender(name, how, told, settings, _fit, _trained)


STRATEGIES = (
    _contender("fine_tune", "all weights, from the checkpoint's", {"epochs": EPOCHS}, _RATES),
    _contender(
        "frozen_then_fine_tune",
        "a new head on the base as it is, then all weights",
        {"epochs": EPOCHS, "head_epochs": 10, "head_learning_rate": 3e-3},
        _RATES,
    ),
    _contender(
        "frozen",
        "a new head on the base as it is, whose features are computed once",
        {"head_epochs": 40, "patience": 10},
        ({"head_learning_rate": 1e-3}, {"head_learning_rate": 1e-2}),
    ),
    _contender(
        "from_scratch",
        "the same architecture and tokeniser, random weights",
        {"epochs": SCRATCH_EPOCHS},
        ({"learning_rate": 1e-4}, {"learning_rate": 3e-4}),
    ),
    _contender(
        "as_is",
        "no training: the class whose description is nearest",
        {},
        tuple({"descriptions": texts} for texts in _DESCRIPTIONS),
    ),
)

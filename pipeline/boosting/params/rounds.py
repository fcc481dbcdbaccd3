"""Rounds under control: how many, when to stop, at what rate, from where, and what is kept."""

from __future__ import annotations

from typing import ClassVar

from pyspark.ml.param import TypeConverters

from pipeline.estimators.converters import to_name, to_schedule
from pipeline.estimators.params import OurParams, Rule, declare
from pipeline.estimators.resumable import CheckpointParams


class StoppingParams(OurParams):
    """When to stop."""

    early_stopping_rounds = declare(
        "early_stopping_rounds",
        "stop after so many rounds without a better validation metric; 0: never",
        TypeConverters.toInt,
    )
    early_stopping_metric = declare(
        "early_stopping_metric",
        "which of eval_metric decides; default: the last",
        to_name,
    )
    early_stopping_min_delta = declare(
        "early_stopping_min_delta", "least improvement that counts", TypeConverters.toFloat
    )
    maximize = declare(
        "maximize",
        "whether a greater metric is a better one; default: as XGBoost's metric is known",
        TypeConverters.toBoolean,
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("early_stopping_rounds", lambda value: value >= 0, "0 or more"),
        Rule("early_stopping_min_delta", lambda value: value >= 0, "0 or more"),
    )

    def __init__(self) -> None:
        super().__init__()
        self._setDefault(early_stopping_rounds=0, early_stopping_min_delta=0.0)


class RoundCheckpointParams(CheckpointParams):
    """How often what is kept of a fit that does not reach its end is written."""

    checkpoint_rounds = declare(
        "checkpoint_rounds",
        "write a checkpoint every so many rounds; what rounds draw depends on it. 0: never",
        TypeConverters.toInt,
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("checkpoint_rounds", lambda value: value >= 0, "0 or more"),
    )

    def __init__(self) -> None:
        super().__init__()
        self._setDefault(checkpoint_rounds=20)


class SequenceParams(StoppingParams, RoundCheckpointParams):
    """How rounds follow each other."""

    rounds = declare("rounds", "most boosting rounds", TypeConverters.toInt)
    eta_schedule = declare(
        "eta_schedule",
        "learning rate by round: a list of rates (the last one stays), {kind: exponential, decay}, "
        "{kind: step, every, factor}, {kind: cosine, least}, or the import path of a function "
        "round -> rate; default: eta throughout",
        to_schedule,
    )
    initial_model = declare(
        "initial_model",
        "URI of a model to go on from: one of ours, or an XGBoost file (.ubj, .json); its columns "
        "must be the table's",
        TypeConverters.toString,
    )

    rules: ClassVar[tuple[Rule, ...]] = (Rule("rounds", lambda value: value >= 1, "1 or more"),)


class MemoryParams(OurParams):
    """Where the binned rows are kept."""

    external_memory = declare(
        "external_memory",
        "keep bins on disk: auto (when a shard does not fit), always or never",
        TypeConverters.toString,
    )
    worker_memory_mb = declare(
        "worker_memory_mb",
        "memory that a worker may use for training; 0: what its host has left, shared among its "
        "workers",
        TypeConverters.toInt,
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "external_memory",
            lambda value: value in ("auto", "always", "never"),
            "auto, always or never",
        ),
        Rule("worker_memory_mb", lambda value: value >= 0, "0 or more"),
    )

    def __init__(self) -> None:
        super().__init__()
        self._setDefault(external_memory="auto", worker_memory_mb=0)

"""How a network is trained: what is penalised, how steps are made, and how large they are."""

from __future__ import annotations

from typing import ClassVar

from pyspark.ml.param import TypeConverters

from pipeline.deep.choices import COMPRESSIONS, OPTIMISERS, SCALINGS, to_schedule, words
from pipeline.deep.params.rules import one_of
from pipeline.estimators.params import OurParams, Rule, declare


class PenaltyParams(OurParams):
    """Against overfitting."""

    dropout = declare(
        "dropout", "share of hidden units left out in training", TypeConverters.toFloat
    )
    weight_decay = declare(
        "weight_decay",
        "L2 penalty on weights; not on biases and normalisation",
        TypeConverters.toFloat,
    )
    l1 = declare(
        "l1",
        "L1 penalty on weights, by a step of its own after each of the optimiser's, so that "
        "weights become exactly 0; adam's steps have the size of learning_rate whatever the "
        "gradient, so it takes an l1 of 0.1 to 1 to drop columns",
        TypeConverters.toFloat,
    )
    label_smoothing = declare(
        "label_smoothing",
        "share of a row's class that is spread over all classes in training",
        TypeConverters.toFloat,
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("dropout", lambda value: 0 <= value < 1, "at least 0 and below 1"),
        Rule("weight_decay", lambda value: value >= 0, "0 or more"),
        Rule("l1", lambda value: value >= 0, "0 or more"),
        Rule("label_smoothing", lambda value: 0 <= value < 1, "at least 0 and below 1"),
    )

    def __init__(self) -> None:
        super().__init__()
        self._setDefault(dropout=0.1, weight_decay=0.0, l1=0.0, label_smoothing=0.0)


class StepParams(OurParams):
    """How steps are made of gradients."""

    optimiser = declare("optimiser", words(OPTIMISERS), TypeConverters.toString)
    momentum = declare("momentum", "of sgd", TypeConverters.toFloat)
    clip_norm = declare(
        "clip_norm",
        "greatest norm of a step's gradient, over all weights and workers; longer ones are "
        "shortened; 0: any",
        TypeConverters.toFloat,
    )
    epochs = declare("epochs", "most passes over the rows", TypeConverters.toInt)
    batch_size = declare(
        "batch_size", "rows of a batch, all workers together", TypeConverters.toInt
    )
    batch_size_per_worker = declare(
        "batch_size_per_worker",
        "rows of a batch on each worker, instead of batch_size",
        TypeConverters.toInt,
    )
    accumulate = declare(
        "accumulate",
        "batches whose gradients are summed before a step, and before workers exchange them",
        TypeConverters.toInt,
    )
    compression = declare("compression", words(COMPRESSIONS), TypeConverters.toString)

    rules: ClassVar[tuple[Rule, ...]] = (
        one_of("optimiser", OPTIMISERS),
        Rule("momentum", lambda value: 0 <= value < 1, "at least 0 and below 1"),
        Rule("clip_norm", lambda value: value >= 0, "0 or more"),
        Rule("epochs", lambda value: value >= 1, "1 or more"),
        Rule("batch_size", lambda value: value >= 1, "1 or more"),
        Rule("batch_size_per_worker", lambda value: value >= 1, "1 or more"),
        Rule("accumulate", lambda value: value >= 1, "1 or more"),
        one_of("compression", COMPRESSIONS),
    )

    def __init__(self) -> None:
        super().__init__()
        self._setDefault(
            optimiser="adam",
            momentum=0.9,
            clip_norm=0.0,
            epochs=20,
            batch_size=1024,
            accumulate=1,
            compression="none",
        )


class RateParams(OurParams):
    """The step size, from the first step to the last."""

    learning_rate = declare("learning_rate", "step size of the optimiser", TypeConverters.toFloat)
    learning_rate_scaling = declare(
        "learning_rate_scaling",
        "what learning_rate is multiplied by when batch_size_per_worker is set, for the batch then "
        f"grows with the gang: {words(SCALINGS)}",
        TypeConverters.toString,
    )
    learning_rate_schedule = declare(
        "learning_rate_schedule",
        "a kind, or a map of kind and keys: constant; step (times factor each so many epochs: "
        "every, factor); cosine (down to least, a share); one-cycle (up from 1/start for a share "
        "up of the steps, then down to 1/end); plateau (times factor after patience epochs without "
        "a better validation metric, down to least, a share)",
        to_schedule,
    )
    warmup_epochs = declare(
        "warmup_epochs",
        "epochs, or a part of one, over which the step size grows to what it is to be",
        TypeConverters.toFloat,
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("learning_rate", lambda value: value > 0, "positive"),
        one_of("learning_rate_scaling", SCALINGS),
        Rule("warmup_epochs", lambda value: value >= 0, "0 or more"),
    )

    def __init__(self) -> None:
        super().__init__()
        self._setDefault(
            learning_rate=0.002,
            learning_rate_scaling="auto",
            learning_rate_schedule=to_schedule("constant"),
            warmup_epochs=0.0,
        )

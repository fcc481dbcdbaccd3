"""How a network is built and trained, as Spark ML params."""

from __future__ import annotations

from typing import ClassVar

from pyspark.ml.param import TypeConverters

from pipeline.estimators.params import OurParams, Rule, declare


class NetworkParams(OurParams):
    """A multilayer perceptron with an embedding for each categorical column, trained by Adam."""

    hidden = declare("hidden", "units of each hidden layer", TypeConverters.toListInt)
    dropout = declare(
        "dropout", "share of hidden units left out in training", TypeConverters.toFloat
    )
    epochs = declare("epochs", "most passes over the rows", TypeConverters.toInt)
    batch_size = declare("batch_size", "rows of a step, all workers together", TypeConverters.toInt)
    learning_rate = declare("learning_rate", "Adam's step size", TypeConverters.toFloat)
    weight_decay = declare("weight_decay", "L2 penalty on weights", TypeConverters.toFloat)

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("hidden", lambda value: all(units >= 1 for units in value), "positive numbers"),
        Rule("dropout", lambda value: 0 <= value < 1, "at least 0 and below 1"),
        Rule("epochs", lambda value: value >= 1, "1 or more"),
        Rule("batch_size", lambda value: value >= 1, "1 or more"),
        Rule("learning_rate", lambda value: value > 0, "positive"),
        Rule("weight_decay", lambda value: value >= 0, "0 or more"),
    )

    def __init__(self) -> None:
        super().__init__()
        self._setDefault(
            hidden=[256, 128],
            dropout=0.1,
            epochs=20,
            batch_size=1024,
            learning_rate=0.002,
            weight_decay=0.0,
        )


class DeepParams(NetworkParams):
    """A network that is watched on validation rows while it is trained."""

    patience = declare(
        "patience",
        "stop after so many epochs without a better validation loss; 0: never",
        TypeConverters.toInt,
    )

    rules: ClassVar[tuple[Rule, ...]] = (Rule("patience", lambda value: value >= 0, "0 or more"),)

    def __init__(self) -> None:
        super().__init__()
        self._setDefault(patience=3)

"""What a text estimator is told besides what all estimators of networks are; a mixin a concern."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pyspark.ml.param import TypeConverters

from pipeline.deep.choices import words
from pipeline.deep.params.rules import one_of
from pipeline.estimators.params import OurParams, Rule, declare
from pipeline.transfer.strategies import FINE_TUNE, PLANS, STRATEGIES, USES, default_words
from pipeline.transfer.text_options import POOLINGS


class TextColumnParams(OurParams):
    """The columns that hold the text."""

    textCol = declare("textCol", "column of texts", TypeConverters.toString)  # noqa: N815
    pairCol = declare(  # noqa: N815
        "pairCol", "column with the second text of each row; default: none", TypeConverters.toString
    )


class TokenParams(OurParams):
    """The checkpoint, and how texts are cut for it."""

    checkpoint = declare(
        "checkpoint",
        "directory or URI of a checkpoint of the Hugging Face model zoo: config.json, weights and "
        "tokeniser; a local one must be on every node; no default",
        TypeConverters.toString,
    )
    max_length = declare(
        "max_length",
        "tokens of a window, special ones included; at most the checkpoint's positions",
        TypeConverters.toInt,
    )
    windows = declare(
        "windows",
        "windows that a long text may go on through; the mean of their vectors counts, and each "
        "costs as much as a text of its own",
        TypeConverters.toInt,
    )
    stride = declare(
        "stride", "tokens that a window repeats of the one before", TypeConverters.toInt
    )
    pooling = declare(
        "pooling",
        f"how the vectors of tokens become one: {words(POOLINGS)}",
        TypeConverters.toString,
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("max_length", lambda value: value >= 8, "8 or more"),
        Rule("windows", lambda value: value >= 1, "1 or more"),
        Rule("stride", lambda value: value >= 0, "0 or more"),
        one_of("pooling", POOLINGS),
    )

    def __init__(self) -> None:
        super().__init__()
        self._setDefault(max_length=128, windows=1, stride=0, pooling="mean")


def to_descriptions(value: Any) -> dict[str, list[str]]:
    """A map of class to one text or several; keys are those of YAML and JSON, too."""
    if not isinstance(value, Mapping):
        raise TypeError(f"descriptions are a map of class to text, not {value!r}")
    found = {}
    for name, given in value.items():
        texts = [given] if isinstance(given, str) else list(given)
        if not texts or not all(isinstance(text, str) and text for text in texts):
            raise TypeError(f"the description of {name} must be a text, or several: {given!r}")
        found[str(name)] = texts
    return found


class StrategyParams(OurParams):
    """How the way from the checkpoint to the model goes."""

    strategy = declare("strategy", words(STRATEGIES), TypeConverters.toString)
    learning_rate = declare(
        "learning_rate",
        f"step size of the optimiser while all weights are trained; "
        f"{default_words('learning_rate')}",
        TypeConverters.toFloat,
    )
    epochs = declare(
        "epochs",
        f"most passes over the rows that train all weights; {default_words('epochs')}",
        TypeConverters.toInt,
    )
    warmup_epochs = declare(
        "warmup_epochs",
        f"epochs, or a part of one, over which the step size grows to what it is to be; "
        f"{default_words('warmup_epochs')}",
        TypeConverters.toFloat,
    )
    layer_decay = declare(
        "layer_decay",
        "by which a layer's step size is multiplied to have that of the layer below; 1: all the "
        f"same; {default_words('layer_decay')}",
        TypeConverters.toFloat,
    )
    head_learning_rate = declare(
        "head_learning_rate",
        "step size of the new layers, on a frozen base, and in fine_tune beside it",
        TypeConverters.toFloat,
    )
    head_epochs = declare(
        "head_epochs",
        "passes over the rows that train the new layers on a frozen base",
        TypeConverters.toInt,
    )
    descriptions = declare(
        "descriptions",
        "for as_is: a map of class to a text, or several, that says what it is about; default: the "
        "class's name",
        to_descriptions,
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        one_of("strategy", STRATEGIES),
        Rule("layer_decay", lambda value: 0 < value <= 1, "above 0 and at most 1"),
        Rule("head_learning_rate", lambda value: value > 0, "positive"),
        Rule("head_epochs", lambda value: value >= 1, "1 or more"),
    )

    def __init__(self) -> None:
        super().__init__()
        for name in PLANS[FINE_TUNE].defaults:  # they are as the strategy is
            self._defaultParamMap.pop(self.getParam(name), None)
        self._setDefault(strategy=FINE_TUNE, head_learning_rate=1e-3, head_epochs=20)

    def of_strategy(self, strategy: str, name: str) -> Any:
        """A param's value, or else its default in a strategy that trains."""
        return self.value(name) if self.isSet(name) else PLANS[strategy].defaults[name]

    def used(self, strategy: str) -> dict[str, Any]:
        """What a strategy goes by, of the params that not every strategy uses."""
        usual = {} if strategy not in PLANS else PLANS[strategy].defaults
        return {
            name: self.of_strategy(strategy, name) if name in usual else self.value(name)
            for name in USES[strategy]
        }

    def unused(self, strategy: str) -> list[str]:
        """Params that are set, and that a strategy does not use."""
        names = dict.fromkeys(name for own in USES.values() for name in own)
        return [name for name in names if self.isSet(name) and name not in USES[strategy]]

"""How a network is built and trained, as Spark ML params; a mixin a concern."""

from __future__ import annotations

import importlib.util
from collections.abc import Container
from dataclasses import fields
from typing import Any, ClassVar

from pyspark.ml.param import TypeConverters

from pipeline.deep.choices import (
    ACTIVATIONS,
    BACKBONES,
    CELLS,
    COMPRESSIONS,
    NETWORKS,
    NORMALISATIONS,
    OPTIMISERS,
    SCALINGS,
    require_schedule,
    to_schedule,
    words,
)
from pipeline.deep.recipe import Recipe
from pipeline.errors import UserError
from pipeline.estimators.converters import as_it_is, to_name
from pipeline.estimators.functions import is_path
from pipeline.estimators.params import OurParams, Rule, declare


def is_groups(value: Any) -> bool:
    """Whether a value is a list of lists of columns, of which none is named twice."""
    if not isinstance(value, list | tuple) or not value:
        return False
    if not all(isinstance(group, list | tuple) and group for group in value):
        return False
    names = [name for group in value for name in group]
    return all(isinstance(each, str | int) for each in names) and len(set(names)) == len(names)


def _one_of(param: str, known: Container[str]) -> Rule:
    return Rule(param, lambda value: value in known, f"one of {', '.join(known)}")  # type: ignore[arg-type]


class ShapeParams(OurParams):
    """Layers."""

    network = declare(
        "network",
        f"{words(NETWORKS)}; or the import path of a HybridBlock of your own",
        to_name,
    )
    hidden = declare(
        "hidden",
        "units of each hidden layer; of residual networks: of each block, whose sum has as many "
        "units as the first",
        TypeConverters.toListInt,
    )
    activation = declare(
        "activation", f"of hidden layers: {words(ACTIVATIONS)}", TypeConverters.toString
    )
    normalisation = declare(
        "normalisation", f"of hidden layers: {words(NORMALISATIONS)}", TypeConverters.toString
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("hidden", lambda value: all(units >= 1 for units in value), "positive numbers"),
        _one_of("activation", ACTIVATIONS),
        _one_of("normalisation", NORMALISATIONS),
    )

    def __init__(self) -> None:
        super().__init__()
        self._setDefault(network="mlp", hidden=[256, 128], activation="auto", normalisation="batch")


class SequenceParams(OurParams):
    """Of recurrent networks."""

    cell = declare(
        "cell", f"kind of a recurrent network's layers: {words(CELLS)}", TypeConverters.toString
    )
    bidirectional = declare(
        "bidirectional", "read sequences in both directions", TypeConverters.toBoolean
    )
    sequence_channels = declare(
        "sequence_channels",
        "numbers of a step of a sequence; the features are the numbers of the first step, then "
        "those of the second, …",
        TypeConverters.toInt,
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        _one_of("cell", CELLS),
        Rule("sequence_channels", lambda value: value >= 1, "1 or more"),
    )

    def __init__(self) -> None:
        super().__init__()
        self._setDefault(cell="lstm", bidirectional=False, sequence_channels=1)


class ImageParams(OurParams):
    """Of convolutional networks."""

    image_shape = declare(
        "image_shape",
        "[height, width, channels] of images; the features are their numbers, row after row, the "
        "channels of a pixel next to each other",
        TypeConverters.toListInt,
    )
    backbone = declare(
        "backbone",
        f"layers of a convolutional network: {words(BACKBONES)}",
        TypeConverters.toString,
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "image_shape",
            lambda value: len(value) == 3 and min(value) >= 1,
            "three positive numbers: height, width, channels",
        ),
        _one_of("backbone", BACKBONES),
    )

    def __init__(self) -> None:
        super().__init__()
        self._setDefault(backbone="resnet18_v1")


class HierarchyParams(OurParams):
    """Of hierarchical networks."""

    groups = declare(
        "groups",
        "names (or places) of the columns of each sub-network; the others are one more group",
        as_it_is,
    )
    segments = declare(
        "segments",
        "instead of groups: cut the numbers, in their order, into so many sub-networks' segments",
        TypeConverters.toInt,
    )
    stage_epochs = declare(
        "stage_epochs",
        "epochs of each sub-network alone, before those of the whole",
        TypeConverters.toInt,
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("groups", is_groups, "a list of lists of columns, none of them twice"),
        Rule("segments", lambda value: value >= 0, "0 or more"),
        Rule("stage_epochs", lambda value: value >= 0, "0 or more"),
    )

    def __init__(self) -> None:
        super().__init__()
        self._setDefault(segments=0, stage_epochs=5)


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
        "weights become exactly 0",
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
        _one_of("optimiser", OPTIMISERS),
        Rule("momentum", lambda value: 0 <= value < 1, "at least 0 and below 1"),
        Rule("clip_norm", lambda value: value >= 0, "0 or more"),
        Rule("epochs", lambda value: value >= 1, "1 or more"),
        Rule("batch_size", lambda value: value >= 1, "1 or more"),
        Rule("batch_size_per_worker", lambda value: value >= 1, "1 or more"),
        Rule("accumulate", lambda value: value >= 1, "1 or more"),
        _one_of("compression", COMPRESSIONS),
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
        _one_of("learning_rate_scaling", SCALINGS),
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


class NetworkParams(
    ShapeParams,
    SequenceParams,
    ImageParams,
    HierarchyParams,
    PenaltyParams,
    StepParams,
    RateParams,
):
    """All of a network's params."""

    def require_valid(self) -> None:
        """Raise a `UserError` that lists params, and pairs of them, that are not allowed."""
        super().require_valid()
        problems = []
        for check in (self._check_network, self._check_rates):
            try:
                check()
            except UserError as error:
                problems.append(str(error))
        if problems:
            raise UserError(f"{type(self).__name__}: " + "; ".join(problems))

    def recipe(self) -> Recipe:
        """The values, as executors take them."""
        values: dict[str, Any] = {each.name: self.value(each.name) for each in fields(Recipe)}
        return Recipe(**{**values, "activation": self._activation})

    @property
    def _activation(self) -> str:
        chosen = str(self.value("activation"))
        if chosen != "auto":
            return chosen
        return "tanh" if self.value("network") == "recurrent" else "relu"

    def _check_network(self) -> None:
        network = self.value("network")
        if not is_path(network) and network not in NETWORKS:
            raise UserError(
                f"network must be one of {', '.join(NETWORKS)}, or an import path, not {network!r}"
            )
        if needed := self._what_is_missing(network):
            raise UserError(needed)
        module = network.rpartition(".")[0]
        # Not imported: a network needs MXNet, which the driver does without.
        if module and not _is_module(module):
            raise UserError(
                f"network {network}: there is no module {module}; it must be installed on the "
                "driver and on every node"
            )

    def _what_is_missing(self, network: str) -> str:
        """What the chosen network needs besides, in words; empty when it has all."""
        has_parts = self.value("groups"), self.value("segments")
        if network == "hierarchical" and bool(has_parts[0]) == bool(has_parts[1]):
            return "network hierarchical needs groups or segments: set one of them"
        if network == "convolutional" and not self.value("image_shape"):
            return "network convolutional needs image_shape: [height, width, channels]"
        is_plain = network == "recurrent" and self.value("cell") == "rnn"
        if is_plain and self._activation not in ("tanh", "relu"):
            return f"cell rnn has activation tanh or relu, not {self._activation}"
        if network not in ("convolutional",) and not self.value("hidden"):
            return "hidden is empty" if network != "mlp" else ""
        return ""

    def _check_rates(self) -> None:
        schedule = self.value("learning_rate_schedule")
        require_schedule(schedule)
        if schedule["kind"] == "one-cycle" and self.value("warmup_epochs"):
            raise UserError(
                "warmup_epochs: a one-cycle schedule warms up by itself; set up and start of "
                "learning_rate_schedule instead"
            )
        if self.isSet("batch_size") and self.isSet("batch_size_per_worker"):
            raise UserError("batch_size and batch_size_per_worker: set one of them")


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False

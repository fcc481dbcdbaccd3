"""Which network, and of what layers; a mixin a kind of network."""

from __future__ import annotations

from typing import Any, ClassVar

from pyspark.ml.param import TypeConverters

from pipeline.deep.choices import ACTIVATIONS, BACKBONES, CELLS, NETWORKS, NORMALISATIONS, words
from pipeline.deep.options import to_options
from pipeline.deep.params.rules import one_of
from pipeline.estimators.converters import as_it_is, to_name
from pipeline.estimators.params import OurParams, Rule, declare


def is_groups(value: Any) -> bool:
    """Whether a value is a list of lists of columns, of which none is named twice."""
    if not isinstance(value, list | tuple) or not value:
        return False
    if not all(isinstance(group, list | tuple) and group for group in value):
        return False
    names = [name for group in value for name in group]
    return all(isinstance(each, str | int) for each in names) and len(set(names)) == len(names)


class ShapeParams(OurParams):
    """Layers."""

    network = declare(
        "network",
        f"{words(NETWORKS)}; or the import path of a HybridBlock of your own",
        to_name,
    )
    network_options = declare(
        "network_options",
        "a map that a network of your own finds in recipe.options; what they name (a file, say) is "
        "part of them by its content: give its hash, too",
        to_options,
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
        one_of("activation", ACTIVATIONS),
        one_of("normalisation", NORMALISATIONS),
    )

    def __init__(self) -> None:
        super().__init__()
        self._setDefault(
            network="mlp",
            network_options={},
            hidden=[256, 128],
            activation="auto",
            normalisation="batch",
        )


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
        one_of("cell", CELLS),
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
        one_of("backbone", BACKBONES),
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

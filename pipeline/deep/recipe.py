"""How a network is built and trained, as executors are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Recipe:
    """The params of a network, by their names; `NetworkParams` says what they mean.

    Parameters
    ----------
    network, activation, normalisation : str
        The kind of network (or the import path of a class), and of its layers.
    network_options : mapping
        What a network of the user's own wants to be told, as JSON has it.
    hidden : list of int
        Units of each hidden layer.
    cell, bidirectional, sequence_channels : str, bool, int
        Of recurrent networks.
    image_shape, backbone : list of int or None, str
        Of convolutional networks.
    groups, segments, stage_epochs : list of lists or None, int, int
        Of hierarchical networks; groups hold names of columns, or their places.
    dropout, weight_decay, l1, label_smoothing : float
        Against overfitting.
    optimiser : str
        How steps are made of gradients.
    momentum, clip_norm : float
        Of sgd; the greatest norm of a step's gradient, 0: any.
    learning_rate, warmup_epochs : float
        The step size, and how long it grows at the start.
    learning_rate_scaling : str
        How it grows with the gang.
    learning_rate_schedule : mapping
        How it goes on, with all its keys.
    epochs, batch_size, accumulate : int
        Passes over the rows; rows of a batch; batches of a step.
    batch_size_per_worker : int or None
        Rows of a batch on each worker, instead of `batch_size`.
    compression : str
        Of gradients on their way.
    """

    network: str
    network_options: Mapping[str, Any]
    activation: str
    normalisation: str
    hidden: list[int]
    cell: str
    bidirectional: bool
    sequence_channels: int
    image_shape: list[int] | None
    backbone: str
    groups: list[list[Any]] | None
    segments: int
    stage_epochs: int
    dropout: float
    weight_decay: float
    l1: float
    label_smoothing: float
    optimiser: str
    momentum: float
    clip_norm: float
    learning_rate: float
    learning_rate_scaling: str
    learning_rate_schedule: Mapping[str, Any]
    warmup_epochs: float
    epochs: int
    batch_size: int
    batch_size_per_worker: int | None
    accumulate: int
    compression: str

    @property
    def options(self) -> Mapping[str, Any]:
        """As `network_options`: what a network of the user's own reads."""
        return self.network_options

    def rows_of_batch(self, workers: int) -> int:
        """Rows of a batch over all workers."""
        each = self.batch_size_per_worker
        return self.batch_size if each is None else each * workers

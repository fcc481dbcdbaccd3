"""What a network is trained for: the classes of a label, or a label's value.

MXNet is imported when a loss is made, never on the driver.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from pipeline.deep.inputs import Floats

_Doubles = npt.NDArray[np.float64]


class Objective(Protocol):
    """What the training loop must know of the label."""

    @property
    def measure(self) -> str:
        """Name of the mean loss in the history."""

    @property
    def row_metrics(self) -> tuple[str, ...]:
        """Names of what `judged` gives."""

    @property
    def outputs(self) -> int:
        """Units of the network's output."""

    def loss(self, smoothing: float = 0.0) -> Any:
        """Gluon's loss of outputs, targets and row weights."""

    def targets(self, labels: Floats) -> Floats:
        """What the outputs are compared with."""

    def told(self, loss: float) -> float:
        """A mean loss, as the history has it."""

    def judged(self, outputs: Floats, labels: Floats) -> dict[str, npt.NDArray[Any]]:
        """What else is measured on validation rows: a number for each row, by name."""


@dataclass(frozen=True)
class Classification:
    """A score for each class, before softmax; cross-entropy.

    Parameters
    ----------
    classes : int
        Classes of the label.
    """

    classes: int
    measure: ClassVar[str] = "logloss"
    row_metrics: ClassVar[tuple[str, ...]] = ("accuracy",)

    @property
    def outputs(self) -> int:
        """One for each class."""
        return self.classes

    def loss(self, smoothing: float = 0.0) -> Any:
        """Cross-entropy of the softmax, with targets that are smoothed over all classes."""
        from mxnet.gluon.loss import SoftmaxCrossEntropyLoss

        from pipeline.deep.layers.losses import SmoothedCrossEntropy

        return SmoothedCrossEntropy(smoothing) if smoothing else SoftmaxCrossEntropyLoss()

    def targets(self, labels: Floats) -> Floats:
        """Class positions as they are."""
        return labels

    def told(self, loss: float) -> float:
        """As it is."""
        return loss

    def judged(self, outputs: Floats, labels: Floats) -> dict[str, npt.NDArray[Any]]:
        """Whether the class with the best score is the row's own."""
        return {"accuracy": outputs.argmax(axis=1) == labels}


@dataclass(frozen=True)
class Regression:
    """One value; squared error on standardised labels, so that any unit of the label will do.

    Parameters
    ----------
    mean, scale : float
        Of the training rows' labels; a scale of 0 where all labels are one value.
    """

    mean: float
    scale: float
    measure: ClassVar[str] = "mse"
    row_metrics: ClassVar[tuple[str, ...]] = ("mae",)
    outputs: ClassVar[int] = 1

    def loss(self, smoothing: float = 0.0) -> Any:
        """Half the squared error; values are not smoothed."""
        from mxnet.gluon.loss import L2Loss

        return L2Loss()

    def targets(self, labels: Floats) -> Floats:
        """Standardised labels."""
        centred = labels.astype(np.float64) - self.mean
        return np.asarray(centred / (self.scale or 1.0), dtype=np.float32)

    def values(self, outputs: npt.NDArray[Any]) -> _Doubles:
        """What outputs mean in the label's unit."""
        return self.mean + self.scale * outputs.astype(np.float64)

    def told(self, loss: float) -> float:
        """The mean squared error in the label's unit."""
        return 2.0 * loss * self.scale**2

    def judged(self, outputs: Floats, labels: Floats) -> dict[str, npt.NDArray[Any]]:
        """The absolute error in the label's unit."""
        return {"mae": np.abs(self.values(outputs[:, 0]) - labels)}

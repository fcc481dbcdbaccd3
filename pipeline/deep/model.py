"""Trained networks and what is known of them."""

from __future__ import annotations

from typing import ClassVar

from pipeline.deep.predictor import FACTS
from pipeline.estimators.model import EnsembleModel


class DeepModel(EnsembleModel):
    """A trained network; its native files are MXNet's symbol and params."""

    kind: ClassVar[str] = "deep"

    @property
    def bestEpoch(self) -> int:  # noqa: N802
        """The epoch whose weights the network has, from 0."""
        return int(self.metrics["best_epoch"])

    @property
    def zeros(self) -> dict[str, float]:
        """Share of a column's weights in the first layer that are exactly 0, the greatest first.

        Columns at 1 have been dropped by the network; see `l1`. Empty for a network of your own.
        """
        found = self.metadata.get(FACTS, {}).get("zeros", {})
        return dict(sorted(found.items(), key=lambda item: -item[1]))


class DeepClassificationModel(DeepModel):
    """A network that predicts classes."""


class DeepRegressionModel(DeepModel):
    """A network that predicts numbers."""

"""What every rank of a training is asked to do."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.data.encoding import FeatureSchema
from pipeline.deep.recipe import Recipe
from pipeline.deep.sources import Source
from pipeline.store.checkpoints import Kept


@dataclass(frozen=True)
class DeepTask:
    """A network's training.

    Parameters
    ----------
    shards : Source
        The rows; a rank's own shard has its number.
    features : FeatureSchema
        Names and kinds of the columns.
    classes : int
        Classes of the label; 0 for regression.
    recipe : Recipe
        How the network is built and trained.
    seed : int
        Another seed draws other first weights, orders of rows, and units that are left out.
    order_seed : int, optional
        Draws orders of rows and units that are left out instead of `seed`, which then draws the
        first weights alone.
    patience : int
        Epochs without a better validation metric after which training stops; 0: never.
    monitor : str or None
        The metric that decides; None: the loss.
    columns : tuple of int, optional
        Positions of the features that are used; by default all of them.
    class_weights : tuple of float
        By which rows of each class are multiplied; empty: by 1.
    callbacks : tuple of str
        Import paths of what rank 0 calls after every epoch, and which may end the training.
    kept : Kept, optional
        Where checkpoints are kept.
    """

    shards: Source
    features: FeatureSchema
    classes: int
    recipe: Recipe
    seed: int
    patience: int = 0
    monitor: str | None = None
    columns: tuple[int, ...] | None = None
    class_weights: tuple[float, ...] = ()
    callbacks: tuple[str, ...] = ()
    order_seed: int | None = None
    kept: Kept | None = None

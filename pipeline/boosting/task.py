"""What every rank of a boosting gang is asked to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pipeline.boosting.memory import Memory
from pipeline.boosting.stopping import Patience
from pipeline.data.encoding import FeatureSchema
from pipeline.spark.shards import ShardSet
from pipeline.store.checkpoints import Checkpoints


@dataclass(frozen=True)
class RowRoles:
    """How XGBoost is to read the rows of a shard.

    Parameters
    ----------
    types : tuple of str
        XGBoost's type of each column.
    missing : float or None
        A number that means missing, besides NaN.
    class_weights : tuple of float
        By which rows of each class are weighted; empty: all alike.
    margins : int
        Base margins of a row; 0: none.
    is_survival : bool
        Whether labels are lower bounds, and the last of the extras the upper ones.
    is_ranking : bool
        Whether rows belong to queries.
    feature_weights : tuple of float
        How often each column is drawn; empty: all alike.
    """

    types: tuple[str, ...]
    missing: float | None = None
    class_weights: tuple[float, ...] = ()
    margins: int = 0
    is_survival: bool = False
    is_ranking: bool = False
    feature_weights: tuple[float, ...] = ()


@dataclass(frozen=True)
class BoostingTask:
    """What every rank is asked to do.

    Parameters
    ----------
    shards : ShardSet
        The rows; a rank's own shard has its number.
    features : FeatureSchema
        Names and kinds of the columns.
    roles : RowRoles
        How the rows are read.
    params : dict
        XGBoost's training params.
    rounds : int
        Most rounds.
    output : str
        URI of the file that rank 0 writes the booster to.
    checkpoints : Checkpoints
        Where checkpoints are kept.
    every : int
        Rounds between checkpoints; 0: none.
    etas : tuple of float or None
        Learning rate of each round; None: as in `params`.
    objective : str or None
        Import path of a function, instead of the objective in `params`.
    metrics : tuple of str
        Import paths of functions, besides the metrics in `params`.
    patience : Patience or None
        When to stop early; None: never.
    initial : str or None
        URI of the file of a booster to go on from.
    resume_from : str or None
        URI of the checkpoint to go on from, instead of the newest.
    memory : Memory
        Where binned rows are kept.
    """

    shards: ShardSet
    features: FeatureSchema
    roles: RowRoles
    params: dict[str, Any]
    rounds: int
    output: str
    checkpoints: Checkpoints
    every: int = 0
    etas: tuple[float, ...] | None = None
    objective: str | None = None
    metrics: tuple[str, ...] = ()
    patience: Patience | None = None
    initial: str | None = None
    resume_from: str | None = None
    memory: Memory = field(default_factory=Memory)

    @property
    def seed(self) -> int:
        """From which every round's draws follow."""
        return int(self.params["seed"])

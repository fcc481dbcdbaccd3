"""Early stopping whose state can be kept in a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.boosting.objectives import is_greater_better


@dataclass(frozen=True)
class Patience:
    """When to stop.

    Parameters
    ----------
    rounds : int
        Rounds without improvement after which training stops.
    metric : str or None
        Which metric decides; None: the last.
    greater_is_better : bool or None
        None: as XGBoost's metrics are known; a function's metric is then the better the less.
    least : float
        Improvements up to this do not count.
    """

    rounds: int
    metric: str | None = None
    greater_is_better: bool | None = None
    least: float = 0.0


class EarlyStopping:
    """The best round so far.

    Parameters
    ----------
    patience : Patience
        When to stop.
    """

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self.best_round = -1
        self.best_value: float | None = None

    def add(self, number: int, metrics: Mapping[str, float]) -> bool:
        """Take a round's metrics of validation rows into account; True when training is to stop.

        Parameters
        ----------
        number : int
            The round.
        metrics : mapping of str to float
            By name, in the order in which they were asked for.
        """
        name = self._patience.metric or list(metrics)[-1]
        # XGBoost itself calls error@0.5 error.
        value = metrics[name] if name in metrics else metrics[name.partition("@")[0]]
        if self._is_better(name, value):
            self.best_round, self.best_value = number, value
        return number - self.best_round >= self._patience.rounds

    def _is_better(self, name: str, value: float) -> bool:
        if value != value:  # NaN is never better
            return False
        if self.best_value is None:
            return True
        given = self._patience.greater_is_better
        wants_more = is_greater_better(name) if given is None else given
        gained = value - self.best_value if wants_more else self.best_value - value
        return gained > self._patience.least

    @property
    def state(self) -> dict[str, Any]:
        """What `restore` needs, for JSON."""
        return {"best_round": self.best_round, "best_value": self.best_value}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self.best_round = int(state["best_round"])
        self.best_value = state["best_value"]

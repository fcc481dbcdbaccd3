"""One model's part of the report: what it was saved with, and how well it did."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.report.evaluation import UNDEFINED, Evaluation


@dataclass(frozen=True)
class ModelResult:
    """A trained model as the report sees it.

    Parameters
    ----------
    name : str
        What the report calls it; each name once.
    metadata : dict
        The saved model's manifest. Read are `class`, `digest`, `params`, `versions`, `seed`,
        `data_fingerprint`, `features` (or `feature_names`), and of `metrics`: `fit_seconds`,
        `best_iteration`, `best_epoch`, `out_of_bag`, `history`. All may be missing.
    evaluations : dict of str to Evaluation
        By split.
    """

    name: str
    metadata: dict[str, Any]
    evaluations: dict[str, Evaluation]

    def score(self, split: str, measure: str) -> float:
        """`auc`, `log_loss` or `accuracy` on a split; NaN when it does not exist."""
        found = self.evaluations.get(split)
        return UNDEFINED if found is None else float(getattr(found, measure))

    @property
    def auc_gap(self) -> float:
        """AUC on the training rows minus AUC on the test rows."""
        return self.score("train", "auc") - self.score("test", "auc")

    @property
    def metrics(self) -> Mapping[str, Any]:
        """What training noted."""
        return _mapping(self.metadata.get("metrics"))

    @property
    def fit_seconds(self) -> float:
        """Training time."""
        return number(self.metrics.get("fit_seconds"))

    @property
    def out_of_bag(self) -> Mapping[str, Any]:
        """Numbers from the rows that each tree did not see; empty for other kinds of model."""
        return _mapping(self.metrics.get("out_of_bag"))

    @property
    def out_of_bag_error(self) -> float:
        """Share of rows that the trees which had not seen them voted wrongly."""
        return number(self.out_of_bag.get("error"))

    @property
    def history(self) -> list[Mapping[str, Any]]:
        """One mapping per round or epoch, in order."""
        entries = self.metrics.get("history")
        if not isinstance(entries, list | tuple):
            return []
        return [entry for entry in entries if isinstance(entry, Mapping)]

    @property
    def best_step(self) -> float:
        """The round or epoch that was kept; NaN when none was chosen."""
        epoch = number(self.metrics.get("best_epoch"))
        return number(self.metrics.get("best_iteration")) if math.isnan(epoch) else epoch

    @property
    def features(self) -> list[str]:
        """Names of the columns that the model reads."""
        names = self.metadata.get("features") or self.metadata.get("feature_names")
        return [str(name) for name in names] if isinstance(names, list | tuple) else []


def number(value: object) -> float:
    """The value as a float; NaN when it is no number."""
    if isinstance(value, bool | str | bytes):
        return UNDEFINED
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return UNDEFINED


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}

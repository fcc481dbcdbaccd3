"""Shares and trainers' params for a table of a given size, with the reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_FEW = 2_000
_SOME = 10_000
_BATCHES = 8
_MOST_BATCH = 1_024


@dataclass(frozen=True)
class ParamGroup:
    """One section of a config.

    Attributes
    ----------
    section : str
        Its key.
    reason : str
        Why these values; empty when there is nothing to say.
    params : dict
        The values.
    """

    section: str
    reason: str
    params: dict[str, Any]


def param_groups(rows: int) -> list[ParamGroup]:
    """The sections `split`, `bagging`, `boosting` and `deep`.

    Parameters
    ----------
    rows : int
        Rows of the table, or at least as many as were looked at.
    """
    split = _split(rows)
    train = int(rows * split.params["train"])
    return [split, _bagging(rows), _boosting(), _deep(rows, train)]


def _split(rows: int) -> ParamGroup:
    if rows < _FEW:
        reason = (
            "Few rows: larger shares than 0.15 to choose by (validation) and to judge by (test)."
        )
        return ParamGroup("split", reason, {"train": 0.6, "validation": 0.2, "test": 0.2})
    return ParamGroup("split", "", {"train": 0.7, "validation": 0.15, "test": 0.15})


def _bagging(rows: int) -> ParamGroup:
    params: dict[str, Any] = {"replicas": 100}
    if rows < _FEW:
        reason = "Few rows, so a leaf may hold a single one (min_child_weight)."
        return ParamGroup("bagging", reason, {**params, "min_child_weight": 1})
    return ParamGroup("bagging", "", params)


def _boosting() -> ParamGroup:
    reason = "Ends early when the loss on validation rows has not fallen for early_stopping_rounds."
    return ParamGroup("boosting", reason, {"rounds": 200, "early_stopping_rounds": 20})


def _deep(rows: int, train: int) -> ParamGroup:
    batch = min(max(_power_of_two(train // _BATCHES), _BATCHES), _MOST_BATCH)
    if rows >= _SOME:
        return ParamGroup("deep", "", {"epochs": 20, "batch_size": batch, "patience": 3})
    reason = (
        f"A batch_size for some {train:,} training rows: several steps in an epoch, and rows in "
        "each worker for every step. Epochs are short, so there are more of them; patience ends "
        "them early."
    )
    epochs, patience = (100, 15) if rows < _FEW else (50, 8)
    return ParamGroup(
        "deep",
        reason,
        {"hidden": [64, 32], "epochs": epochs, "batch_size": batch, "patience": patience},
    )


def _power_of_two(most: int) -> int:
    """The greatest one that is not above `most`."""
    return 1 << max(most.bit_length() - 1, 0)

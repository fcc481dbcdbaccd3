"""A learner that a user might write."""

from __future__ import annotations

from typing import Any

from sklearn.tree import DecisionTreeClassifier


class Stump(DecisionTreeClassifier):
    """A tree of one split."""

    def __init__(self, random_state: int | None = None) -> None:
        super().__init__(max_depth=1, random_state=random_state)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        return {"random_state": self.random_state}

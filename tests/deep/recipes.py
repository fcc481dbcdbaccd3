"""Recipes of small networks."""

from __future__ import annotations

from typing import Any

from pipeline.deep.params import NetworkParams
from pipeline.deep.recipe import Recipe


def recipe(**params: Any) -> Recipe:
    """The defaults, but for some params; values are checked as an estimator's are."""
    found = NetworkParams().setParams(**params)
    found.require_valid()
    return found.recipe()

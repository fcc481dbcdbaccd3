"""The params of a network as a replica; the driver checks them without loading MXNet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from pipeline.deep.params import NetworkParams
from pipeline.deep.recipe import Recipe

NETWORK_PARAMS = tuple(each.name for each in fields(Recipe))
"""Names that a network takes, as `DeepClassifier` calls them."""


def require_network_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """The params of a network, with the defaults of those that are not given.

    Parameters
    ----------
    params : mapping
        Values by the names of `NETWORK_PARAMS`; None is the default.

    Raises
    ------
    UserError
        For an unknown name, with the nearest known one, or a value that is not allowed.
    """
    checked = NetworkParams().setParams(**{str(name): value for name, value in params.items()})
    checked.require_valid()
    return asdict(checked.recipe())

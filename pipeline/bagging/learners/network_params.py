"""The params of a network as a replica; the driver checks them without loading MXNet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.deep.params import NetworkParams

NETWORK_PARAMS = tuple(param.name for param in NetworkParams().params)
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
    return {name: checked.value(name) for name in NETWORK_PARAMS}

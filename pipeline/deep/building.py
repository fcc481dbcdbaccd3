"""A network as it is before its training. Imported on executors only: importing it loads MXNet."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from typing import Any

import mxnet as mx

from pipeline.deep.inputs import Floats, InputLayout
from pipeline.deep.networks.convolutional import Convolutional
from pipeline.deep.networks.hierarchical import Hierarchical
from pipeline.deep.networks.mlp import Mlp
from pipeline.deep.networks.recurrent import Recurrent
from pipeline.deep.networks.residual import Residual
from pipeline.deep.recipe import Recipe
from pipeline.errors import UserError
from pipeline.estimators.functions import is_path
from pipeline.estimators.imports import imported

_NETWORKS: Mapping[str, Any] = {
    "mlp": Mlp,
    "residual": Residual,
    "hierarchical": Hierarchical,
    "recurrent": Recurrent,
    "convolutional": Convolutional,
}
# Only these are penalised: a bias or a normalisation at 0 makes no network simpler.
_WEIGHT = "weight"


def build(
    recipe: Recipe,
    layout: InputLayout,
    standard: tuple[Floats, Floats],
    outputs: int,
    device: Any,
) -> Any:
    """A network with its first weights, drawn from MXNet's generator when it is first called.

    Parameters
    ----------
    recipe : Recipe
        Kind of network and of layers.
    layout : InputLayout
        Columns of the input.
    standard : tuple of ndarray
        Mean and inverse deviation of the numbers.
    outputs : int
        Units of the output.
    device : Context
        MXNet's device.

    Raises
    ------
    UserError
        When an import path leads to no network.
    """
    kind = imported(recipe.network, "network") if is_path(recipe.network) else None
    # Gluon numbers the networks of a process in their params' names: each starts at 0.
    with mx.name.NameManager(), warnings.catch_warnings():
        # A constant's initialiser is named by its address, which an earlier network's may have.
        warnings.filterwarnings("ignore", message=".*New initializer")
        net = (kind or _NETWORKS[recipe.network])(layout, *standard, recipe, outputs)
    if not isinstance(net, mx.gluon.HybridBlock):
        raise UserError(f"network {recipe.network} is no HybridBlock of Gluon's, nor makes one")
    return _ready(net, device)


def first_stages(net: Any, device: Any) -> list[Any]:
    """What of a network is trained before the whole, one after the other."""
    if not isinstance(net, Hierarchical):
        return []
    with mx.name.NameManager():
        return [_ready(stage, device) for stage in net.stages()]


def _ready(block: Any, device: Any) -> Any:
    with warnings.catch_warnings():
        # What a stage shares with the whole has its first weights already.
        warnings.filterwarnings("ignore", message=".*is already initialized")
        block.initialize(mx.init.Xavier(), ctx=device)
    block.hybridize(static_alloc=True)
    return block


def penalised(parameters: Iterable[tuple[str, Any]]) -> list[Any]:
    """Of parameters that are trained, by their names, those that penalties are for."""
    return [each for name, each in parameters if name.endswith(_WEIGHT)]

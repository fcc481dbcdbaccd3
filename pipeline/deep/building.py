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
from pipeline.deep.padded import Padded
from pipeline.deep.recipe import Recipe
from pipeline.deep.stage import Stage
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


def standardises(recipe: Recipe) -> bool:
    """Whether a network wants mean and deviation of the numbers, which take a pass over the rows.

    One of the user's own does unless its class says `standardises = False`.
    """
    if not is_path(recipe.network):
        return True
    return bool(getattr(imported(recipe.network, "network"), "standardises", True))


def padded_of(net: Any, layout: InputLayout) -> Padded | None:
    """How a network says that its rows are padded, in its attribute `padded`; None: they are not.

    Raises
    ------
    UserError
        When rows of this layout cannot be padded so.
    """
    found = getattr(net, "padded", None)
    if found is None:
        return None
    kind = type(net).__name__
    if not isinstance(found, Padded):
        raise UserError(f"network {kind}: padded must be a pipeline.deep.padded.Padded")
    if found.width != len(layout.numeric):
        raise UserError(
            f"network {kind}: its rows are padded to {found.width} numbers ({found.windows} windows"
            f" of {found.steps} steps); the features are {len(layout.numeric)} numbers"
        )
    return found


def stages_of(net: Any, device: Any) -> list[Stage]:
    """What of a network is trained, one after the other: what its method `stages` says, or all.

    Raises
    ------
    UserError
        When a network of the user's own says something else.
    """
    if not hasattr(net, "stages"):
        return [Stage(net)]
    with mx.name.NameManager():
        found = list(net.stages())
    if not found or not all(isinstance(stage, Stage) for stage in found):
        raise UserError(
            f"network {type(net).__name__}: stages must give one or more of "
            "pipeline.deep.stage.Stage"
        )
    for stage in found:
        if stage.block is not net:
            _ready(stage.block, device)
    return found


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

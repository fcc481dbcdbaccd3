"""Arrays into the parameters of a Gluon block. Imports MXNet: for executors only."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mxnet as mx

from pipeline.errors import ModelError
from pipeline.transfer.checkpoints.numbers import Array


def set_parameters(
    block: Any, arrays: Mapping[str, Array], directory: Path, device: Any = None
) -> None:
    """Set all parameters of a block, initialising those that are not.

    Parameters
    ----------
    block : HybridBlock
        Whose parameters are set.
    arrays : mapping of str to ndarray of float32
        By the parameters' names within the block.
    directory : Path
        What errors call the source.
    device : Context, optional
        MXNet's device for parameters that are not initialised; the CPU by default.

    Raises
    ------
    ModelError
        When names or shapes are not those of the block.
    """
    parameters = block._collect_params_with_prefix()
    shapes = {name: parameter.shape for name, parameter in parameters.items()}
    given = {name: array.shape for name, array in arrays.items()}
    different = sorted(
        name for name in shapes.keys() | given.keys() if shapes.get(name) != given.get(name)
    )
    if different:
        raise ModelError(
            f"{directory} has other weights than this {type(block).__name__}: "
            f"{', '.join(different)}; build it from the checkpoint's own config"
        )
    for name, parameter in parameters.items():
        if parameter._data is None:
            parameter.initialize(init=mx.init.Zero(), ctx=device, force_reinit=True)
        parameter.set_data(mx.nd.array(arrays[name], dtype="float32"))

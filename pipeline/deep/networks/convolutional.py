"""Residual networks for images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mxnet as mx
from mxnet.gluon import HybridBlock
from mxnet.gluon.model_zoo.vision import get_resnet

from pipeline.deep.inputs import InputLayout
from pipeline.deep.layers.standardised import standardised
from pipeline.deep.networks.sequence_input import by_channel
from pipeline.deep.recipe import Recipe
from pipeline.errors import UserError

# Layers, and Gluon's version: 2 normalises before the weights.
_RESNETS: Mapping[str, tuple[int, int]] = {
    f"resnet{layers}_v{version}": (layers, version) for layers in (18, 34, 50) for version in (1, 2)
}
# Smaller images are not made smaller still by the first layers.
_SMALL_PIXELS = 64


class Convolutional(HybridBlock):  # type: ignore[misc]
    """A ResNet over images whose pixels are a row's numbers.

    Parameters
    ----------
    layout : InputLayout
        Columns of the input: height x width x channels numbers, channels next to each other.
    mean, scale : ndarray of float32, shape (numeric,)
        Of each number.
    recipe : Recipe
        `image_shape` and `backbone`.
    outputs : int
        Units of the output, which has no activation.

    References
    ----------
    K. He et al., "Deep residual learning for image recognition", CVPR 2016 (v1); "Identity
    mappings in deep residual networks", ECCV 2016 (v2).
    """

    def __init__(
        self, layout: InputLayout, mean: Any, scale: Any, recipe: Recipe, outputs: int
    ) -> None:
        super().__init__()
        shape = tuple(recipe.image_shape or ())
        columns = len(layout.numeric)
        if len(shape) != 3 or layout.categorical or shape[0] * shape[1] * shape[2] != columns:
            raise UserError(
                f"image_shape {list(shape)} is [height, width, channels] of an image's numbers; "
                f"the features are {columns} numbers and {len(layout.categorical)} categories"
            )
        self._height, self._width, self._channels = shape
        means, scales = by_channel(mean, scale, self._channels)
        layers, version = _RESNETS[recipe.backbone]
        is_small = max(self._height, self._width) <= _SMALL_PIXELS
        with self.name_scope():
            self.mean = self.params.get_constant("mean", mx.nd.array(means.reshape(1, 1, 1, -1)))
            self.scale = self.params.get_constant("scale", mx.nd.array(scales.reshape(1, 1, 1, -1)))
            self.body = get_resnet(version, layers, classes=outputs, thumbnail=is_small)

    def hybrid_forward(self, F: Any, numbers: Any, mean: Any, scale: Any) -> Any:  # noqa: N803
        """Outputs, shape (rows, outputs), from images of shape (rows, pixels * channels)."""
        pixels = F.reshape(numbers, shape=(-1, self._height, self._width, self._channels))
        images, _ = standardised(F, pixels, mean, scale)
        return self.body(F.transpose(images, axes=(0, 3, 1, 2)))

"""Convolutional networks: images in, as rows of numbers."""

from __future__ import annotations

from typing import Any

import mxnet as mx
import numpy as np
import pytest
from mxnet import autograd

from pipeline.deep.building import build
from pipeline.deep.choices import BACKBONES
from pipeline.deep.inputs import InputLayout
from pipeline.errors import UserError
from tests.deep.recipes import recipe

SHAPE = (8, 10, 2)
PIXELS = 8 * 10 * 2


def _net(columns: int = PIXELS, **params: Any) -> Any:
    mx.random.seed(0)
    given = {"network": "convolutional", "image_shape": list(SHAPE), **params}
    layout = InputLayout(tuple(range(columns)), (), ())
    standard = (np.full(columns, 3, np.float32), np.full(columns, 0.5, np.float32))
    return build(recipe(**given), layout, standard, 2, mx.cpu())


def _images(rows: int) -> np.ndarray:
    return np.random.default_rng(0).normal(3, 2, size=(rows, *SHAPE)).astype(np.float32)


def test_height_width_and_channels_are_where_they_belong() -> None:
    net = _net()
    seen: list[np.ndarray] = []
    net.body.register_forward_pre_hook(lambda _block, given: seen.append(given[0].asnumpy()))
    net.hybridize(False)
    images = _images(3)
    images[0, 2, 3, 1] = np.nan
    net(mx.nd.array(images.reshape(3, -1)))
    (found,) = seen
    expected = np.nan_to_num((images - 3) * 0.5).transpose(0, 3, 1, 2)
    assert found.shape == (3, 2, 8, 10)
    assert np.allclose(found, expected, atol=1e-6)


def test_it_learns_which_images_are_brighter() -> None:
    images = _images(32)
    labels = np.arange(32) % 2
    images[labels == 1] += 2
    rows = mx.nd.array(images.reshape(32, -1))
    net = _net()
    loss = mx.gluon.loss.SoftmaxCrossEntropyLoss()
    trainer = mx.gluon.Trainer(net.collect_params(), "adam", {"learning_rate": 0.001})
    for _ in range(4):
        with autograd.record():
            value = loss(net(rows), mx.nd.array(labels))
        value.backward()
        trainer.step(32)
    with autograd.train_mode():  # by the batch's own statistics
        found = net(rows).asnumpy().argmax(axis=1)
    assert (found == labels).mean() > 0.9


@pytest.mark.parametrize("backbone", BACKBONES)
def test_backbones_have_their_layers(backbone: str) -> None:
    net = _net(backbone=backbone)
    assert net(mx.nd.array(_images(2).reshape(2, -1))).shape == (2, 2)
    weights = [name for name in net.collect_params() if name.endswith("weight")]
    shortcuts = [name for name in weights if net.collect_params()[name].shape[-2:] == (1, 1)]
    layers = int(backbone[6:8])
    # Bottlenecks have 1 x 1 layers of their own, beside those of the shortcuts.
    own = 3 if layers < 50 else 4
    counted = len(weights) - (len(shortcuts) if layers < 50 else own)
    assert counted in (layers, layers - 1)


def test_numbers_that_are_no_image_are_refused() -> None:
    with pytest.raises(UserError, match=r"image_shape \[8, 10, 2\] is .* are 100 numbers"):
        _net(columns=100)
    with pytest.raises(UserError, match="needs image_shape"):
        recipe(network="convolutional")
    with pytest.raises(UserError, match="image_shape must be three positive numbers"):
        recipe(network="convolutional", image_shape=[8, 8])

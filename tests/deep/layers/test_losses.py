"""Losses by their formulas."""

from __future__ import annotations

import mxnet as mx
import numpy as np

from pipeline.deep.layers.losses import SmoothedCrossEntropy


def test_a_share_of_the_target_is_spread_over_all_classes() -> None:
    scores = np.array([[0, 1, 2], [3, 0, 0]])
    logs = np.log(np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True))
    loss = SmoothedCrossEntropy(0.3)
    loss.hybridize()
    given = (mx.nd.array(scores), mx.nd.array([2, 1]), mx.nd.array([[1.0], [2.0]]))
    target = np.array([[0.1, 0.1, 0.8], [0.1, 0.8, 0.1]])
    assert np.allclose(loss(*given).asnumpy(), -(target * logs).sum(axis=1) * [1, 2], atol=1e-5)


def test_it_is_least_where_no_class_is_certain() -> None:
    loss = SmoothedCrossEntropy(0.2)
    by_margin = [
        float(loss(mx.nd.array([[margin, 0]]), mx.nd.array([0]), mx.nd.ones((1, 1))).asscalar())
        for margin in (0.0, np.log(9), 10.0)
    ]
    assert by_margin[1] == min(by_margin)  # a chance of 0.9, which is the smoothed target

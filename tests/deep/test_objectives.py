"""Classes and values as a network's aim."""

from __future__ import annotations

import mxnet as mx
import numpy as np
import pytest

from pipeline.deep.objectives import Classification, Regression

WEIGHTS = mx.nd.array([[1.0], [2.0]])


def test_the_loss_of_classes_is_their_cross_entropy() -> None:
    aim = Classification(3)
    scores = np.array([[0, 1, 2], [3, 0, 0]], np.float32)
    labels = np.array([2, 1], np.float32)
    chances = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    found = aim.loss()(mx.nd.array(scores), mx.nd.array(aim.targets(labels)), WEIGHTS).asnumpy()
    assert np.allclose(found, -np.log([chances[0, 2], chances[1, 1]]) * [1, 2], atol=1e-5)
    assert aim.judged(scores, labels)["accuracy"].tolist() == [True, False]
    assert (aim.measure, aim.outputs, aim.told(0.5)) == ("logloss", 3, 0.5)


def test_the_loss_of_values_is_told_in_their_unit() -> None:
    aim = Regression(mean=1000.0, scale=50.0)
    labels = np.array([1000, 1100], np.float32)
    assert aim.targets(labels).tolist() == [0, 2]
    outputs = np.array([[1.0], [1.0]], np.float32)
    assert aim.values(outputs).tolist() == [[1050], [1050]]
    found = aim.loss()(mx.nd.array(outputs), mx.nd.array(aim.targets(labels)), WEIGHTS).asnumpy()
    assert found.tolist() == [0.5, 1.0]
    assert aim.told(0.5) == pytest.approx(50.0**2)
    assert (aim.measure, aim.outputs) == ("mse", 1)
    assert aim.judged(outputs, labels)["mae"].tolist() == [50, 50]


def test_a_value_that_never_changes_is_always_predicted() -> None:
    aim = Regression(mean=7.0, scale=0.0)
    assert aim.targets(np.array([7, 7], np.float32)).tolist() == [0, 0]
    assert aim.values(np.array([[3.0]])).tolist() == [[7]]

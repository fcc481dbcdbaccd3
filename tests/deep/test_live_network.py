"""A network while it is trained: what its ranks tell each other of it."""

from __future__ import annotations

from typing import Any

import mxnet as mx
import numpy as np
import pytest

from pipeline.deep.communication import Alone
from pipeline.deep.feed import Batch
from pipeline.deep.inputs import InputLayout
from pipeline.deep.live_network import LiveNetwork
from pipeline.deep.standard import Standard
from tests.deep.padded_networks import STEPS, WINDOWS, first_vectors, rows_of_tokens
from tests.deep.recipes import recipe

WIDTH = STEPS * WINDOWS
LAYOUT = InputLayout(tuple(range(WIDTH)), (), ())


class Heard(Alone):
    """Parameters of each broadcast, by name, with the values of that moment."""

    def __init__(self) -> None:
        self.told: list[dict[str, np.ndarray]] = []

    def broadcast(self, parameters: Any) -> None:
        self.told.append({name: each.data().asnumpy() for name, each in parameters.items()})


def _live(**params: Any) -> tuple[LiveNetwork, Batch]:
    zeros = np.zeros(WIDTH, np.float32)
    standard = Standard(zeros, zeros + 1, np.zeros(WIDTH, bool))
    numbers, labels = rows_of_tokens(8, 0)
    batch = Batch(numbers, np.zeros((8, 0), np.float32), labels, np.ones(8, np.float32), 8)
    return LiveNetwork(recipe(**params), LAYOUT, standard, 2, mx.cpu()), batch


def _words(**options: Any) -> tuple[LiveNetwork, Batch]:
    return _live(network="tests.deep.padded_networks.Words", network_options=options)


def test_a_network_begins_once_and_before_the_ranks_hear_of_it() -> None:
    net, batch = _words()
    heard = Heard()
    net.enter(0, batch, heard)
    (vectors,) = (value for name, value in heard.told[0].items() if "embedding" in name)
    assert (vectors == first_vectors()).all()
    net.weights = [each + 1 for each in net.weights]
    net.enter(0, batch, heard)
    (vectors,) = (value for name, value in heard.told[1].items() if "embedding" in name)
    assert (vectors == first_vectors() + 1).all()


@pytest.mark.parametrize("freezes", [False, True])
def test_what_is_frozen_travels_at_the_beginning_only(freezes: bool) -> None:
    net, batch = _words(freezes=freezes)
    heard = Heard()
    net.enter(0, batch, heard)
    net.share(heard, 1.0)
    first, later = (any("embedding" in name for name in told) for told in heard.told)
    assert (first, later) == (True, not freezes)
    assert any("dense" in name for name in heard.told[1])


def test_what_an_epoch_changes_without_a_gradient_is_shared_too() -> None:
    net, batch = _live(hidden=[4], normalisation="batch")
    heard = Heard()
    net.enter(net.stages, batch, heard)
    net.share(heard, 1.0)
    left_out = set(heard.told[0]) - set(heard.told[1])
    assert {name.rpartition("_")[2] for name in left_out} <= {"mean", "scale"}
    assert not any("running" in name for name in left_out)
    assert any("running" in name for name in heard.told[1])

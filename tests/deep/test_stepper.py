"""Steps by hand: what each optimiser and penalty makes of known gradients."""

from __future__ import annotations

from typing import Any

import mxnet as mx
import numpy as np
import pytest
from mxnet import autograd
from mxnet.gluon import nn

from pipeline.deep.communication import Alone
from pipeline.deep.rates import Rates
from pipeline.deep.stepper import Stepper
from pipeline.errors import UserError
from tests.deep.recipes import recipe

START = np.array([[1.0, -2.0], [0.5, 0.03]])
BIAS = np.array([0.5, -0.25])
RATE = 0.1


class Trial:
    """A linear layer whose gradients are what the test says."""

    def __init__(self, **params: Any) -> None:
        given = {"learning_rate": RATE, "epochs": 10, **params}
        made = recipe(**given)
        with mx.name.NameManager():
            self.net = nn.Dense(2, in_units=2)
        self.net.initialize()
        self.net.weight.set_data(mx.nd.array(START))
        self.net.bias.set_data(mx.nd.array(BIAS))
        self.stepper = Stepper(self.net, self.net.prefix, made, Rates(made, 10, 1), Alone())

    def pull(self, weight: Any, bias: Any = (0.0, 0.0)) -> None:
        """Add gradients, as a batch does."""
        with autograd.record():
            along = (self.net.weight.data() * mx.nd.array(weight)).sum()
            loss = along + (self.net.bias.data() * mx.nd.array(bias)).sum()
        loss.backward()

    def step(self, weight: Any, bias: Any = (0.0, 0.0), rows: int = 1) -> np.ndarray:
        self.pull(weight, bias)
        self.stepper.step(rows)
        self.taken = list(self.stepper.settle())
        return self.weight

    @property
    def weight(self) -> np.ndarray:
        return np.asarray(self.net.weight.data().asnumpy())

    @property
    def bias(self) -> np.ndarray:
        return np.asarray(self.net.bias.data().asnumpy())


PULL = np.array([[0.3, -0.4], [2.0, 1.0]])


def _adam(pulls: list[np.ndarray], rate: float = RATE) -> np.ndarray:
    """How far Adam goes (D. Kingma, J. Ba, arXiv 1412.6980, algorithm 1)."""
    mean = square = way = np.zeros(pulls[0].shape)
    for number, pull in enumerate(pulls, 1):
        mean, square = 0.9 * mean + 0.1 * pull, 0.999 * square + 0.001 * pull**2
        known = mean / (1 - 0.9**number), square / (1 - 0.999**number)
        way = way - rate * known[0] / (np.sqrt(known[1]) + 1e-8)
    return way


def test_sgd_keeps_its_momentum() -> None:
    trial = Trial(optimiser="sgd", momentum=0.5)
    assert trial.step(PULL) == pytest.approx(START - RATE * PULL, abs=1e-6)
    assert trial.step(PULL) == pytest.approx(START - RATE * PULL * 2.5, abs=1e-6)


def test_adam_is_its_algorithm() -> None:
    trial = Trial(optimiser="adam")
    trial.step(PULL)
    assert trial.step(-PULL / 2) == pytest.approx(START + _adam([PULL, -PULL / 2]), abs=1e-4)


def test_adamw_shrinks_weights_apart_from_the_gradient_and_adam_within_it() -> None:
    apart, within = (Trial(optimiser=name, weight_decay=0.5) for name in ("adamw", "adam"))
    shrunk = START * (1 - RATE * 0.5)
    assert apart.step(PULL) == pytest.approx(shrunk + _adam([PULL]), abs=1e-4)
    assert within.step(PULL) == pytest.approx(START + _adam([PULL + 0.5 * START]), abs=1e-4)
    for trial in (apart, within):
        assert trial.bias.tolist() == BIAS.tolist()  # never penalised


def test_lamb_moves_each_layer_by_a_share_of_its_norm() -> None:
    trial = Trial(optimiser="lamb")
    way = trial.step(PULL) - START
    # The first step is Adam's, as long as the layer's weights are (Y. You et al., arXiv 1904.00962)
    expected = _adam([PULL]) / np.linalg.norm(_adam([PULL])) * np.linalg.norm(START) * RATE
    assert way == pytest.approx(expected, abs=1e-4)


def test_gradients_are_means_over_the_rows() -> None:
    assert Trial(optimiser="sgd").step(PULL * 64, rows=64) == pytest.approx(
        START - RATE * PULL, abs=1e-6
    )


def test_longer_gradients_are_shortened_as_a_whole() -> None:
    trial = Trial(optimiser="sgd", clip_norm=1.0)
    bias = np.array([3.0, 4.0])
    trial.step(PULL * 64, bias * 64, rows=64)
    norm = np.sqrt((PULL**2).sum() + 25)
    assert trial.weight == pytest.approx(START - RATE * PULL / norm, abs=1e-6)
    assert trial.bias == pytest.approx(BIAS - RATE * bias / norm, abs=1e-6)
    assert trial.stepper.measures()["gradient"] == pytest.approx(norm, rel=1e-5)  # as it was
    short = Trial(optimiser="sgd", clip_norm=100.0)
    assert short.step(PULL) == pytest.approx(START - RATE * PULL, abs=1e-6)


def test_l1_makes_weights_exactly_0() -> None:
    trial = Trial(optimiser="sgd", momentum=0.0, l1=0.5)
    # By 0.05 nearer to 0, and no further: the last weight is 0.03.
    assert trial.step(np.zeros((2, 2))) == pytest.approx(
        np.array([[0.95, -1.95], [0.45, 0.0]]), abs=1e-6
    )
    assert trial.weight[1, 1] == 0
    assert trial.bias.tolist() == BIAS.tolist()
    for _ in range(40):
        trial.step(np.zeros((2, 2)))
    assert (trial.weight == 0).all()


def test_batches_are_summed_before_a_step() -> None:
    several, one = Trial(accumulate=3), Trial()
    for _ in range(2):  # nothing is left over from the first step
        several.pull(PULL)
        several.pull(3 * PULL)
        several.step(-PULL, rows=12)
        one.step(3 * PULL, rows=12)
    assert several.weight == pytest.approx(one.weight, abs=1e-6)


@pytest.mark.parametrize("many", [2**22, 1])
def test_a_step_whose_gradient_is_not_finite_is_skipped_and_counted(
    many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Large networks wait for their gradients.
    monkeypatch.setattr("pipeline.deep.stepper._MANY", many)
    for accumulate in (1, 2):
        trial, still = (Trial(optimiser="adam", accumulate=accumulate) for _ in range(2))
        trial.step(PULL)
        still.step(PULL)
        for number, bad in enumerate((np.nan, np.inf), 1):
            # As if there were no gradient: momentum goes on.
            expected = still.step(np.zeros((2, 2)))
            assert (trial.step([[0, 0], [bad, 0]]) == expected).all()
            assert trial.taken == [False]
            assert trial.stepper.skipped_in_a_row == number
        assert (trial.step(PULL) == still.step(PULL)).all()
        assert trial.stepper.skipped_in_a_row == 0
        measures = trial.stepper.measures()
        assert measures["skipped"] == 2
        assert measures["gradient"] == pytest.approx(np.linalg.norm(PULL), rel=1e-5)
        trial.stepper.begin_epoch()
        assert "skipped" not in trial.stepper.measures()


def test_without_momentum_and_penalties_a_skipped_step_moves_nothing() -> None:
    trial = Trial(optimiser="sgd", momentum=0.0, clip_norm=1.0)
    assert (trial.step([[np.nan, 0], [0, 0]]) == START.astype(np.float32)).all()


def test_what_came_of_the_last_step_need_not_be_waited_for() -> None:
    trial = Trial()
    for pull in (PULL, PULL * np.nan, PULL):
        trial.pull(pull)
        trial.stepper.step(1)
    assert list(trial.stepper.settle(leaving=1)) == [True, False]
    assert list(trial.stepper.settle()) == [True]


def test_each_layers_gradient_is_measured() -> None:
    with mx.name.NameManager():
        net = nn.HybridSequential()
        with net.name_scope():
            net.add(nn.Dense(1, in_units=1), nn.Dense(1, in_units=1))
    net.initialize(mx.init.One())
    made = recipe(optimiser="sgd", learning_rate=1e-9)
    stepper = Stepper(net, net.prefix, made, Rates(made, 1, 1), Alone())
    for pull in (1.0, 2.0):
        with autograd.record():
            loss = net(mx.nd.array([[3.0]])) * pull
        loss.backward()
        stepper.step(1)
    assert all(stepper.settle())
    found = stepper.measures()
    mean_square = (1 + 4) / 2
    # Of the first layer: by its weight 3, by its bias 1; of the second: by its weight 3, by 1.
    assert found["gradient.dense0"] == pytest.approx(np.sqrt(mean_square * 10), rel=1e-5)
    assert found["gradient.dense1"] == pytest.approx(np.sqrt(mean_square * 10), rel=1e-5)
    assert found["gradient"] == pytest.approx(np.sqrt(mean_square * 20), rel=1e-5)
    assert found["learning_rate"] == pytest.approx(1e-9)


@pytest.mark.parametrize("optimiser", ["adam", "adamw", "sgd", "lamb"])
def test_a_step_after_a_restart_is_the_one_without(optimiser: str) -> None:
    whole = Trial(optimiser=optimiser, learning_rate_schedule="cosine")
    for _ in range(3):
        whole.step(PULL)
    again = Trial(optimiser=optimiser, learning_rate_schedule="cosine")
    again.net.weight.set_data(mx.nd.array(whole.weight))
    again.net.bias.set_data(mx.nd.array(whole.bias))
    again.stepper.restore(whole.stepper.memory, whole.stepper.done)
    assert (whole.step(PULL / 2) == again.step(PULL / 2)).all()
    assert again.stepper.done == 4


def test_a_training_goes_on_after_skipped_steps() -> None:
    trial = Trial()
    trial.step([[np.nan, 0], [0, 0]])
    again = Trial()
    again.stepper.restore(trial.stepper.memory, trial.stepper.done, 1)
    assert (again.step(PULL) == trial.step(PULL)).all()
    assert again.stepper.skipped_in_a_row == 0


def test_a_networks_own_factors_of_step_size_and_decay_count() -> None:
    with mx.name.NameManager():
        net = nn.Dense(2, in_units=2)
    net.initialize()
    net.weight.set_data(mx.nd.array(START))
    net.weight.lr_mult, net.bias.lr_mult, net.weight.wd_mult = 0.5, 0.0, 2.0
    made = recipe(optimiser="sgd", momentum=0.0, learning_rate=RATE, weight_decay=0.1)
    stepper = Stepper(net, net.prefix, made, Rates(made, 10, 1), Alone())
    with autograd.record():
        loss = (net.weight.data() * mx.nd.array(PULL)).sum() + net.bias.data().sum()
    loss.backward()
    stepper.step(1)
    expected = START - 0.5 * RATE * (PULL + 2 * 0.1 * START)
    assert net.weight.data().asnumpy() == pytest.approx(expected, abs=1e-6)
    assert (net.bias.data().asnumpy() == 0).all()


@pytest.mark.parametrize(
    ("params", "shrunk"),
    [
        ({"optimiser": "adamw", "weight_decay": 0.2}, START * (1 - 0.5 * RATE * 3 * 0.2)),
        ({"optimiser": "sgd", "momentum": 0.0, "l1": 1.0}, START - np.sign(START) * 0.5 * RATE),
    ],
)
def test_penalties_of_a_step_of_their_own_go_by_a_layers_factors_too(
    params: dict[str, Any], shrunk: np.ndarray
) -> None:
    with mx.name.NameManager():
        net = nn.Dense(2, in_units=2)
    net.initialize()
    net.weight.set_data(mx.nd.array(START))
    net.weight.lr_mult, net.weight.wd_mult = 0.5, 3.0
    made = recipe(learning_rate=RATE, **params)
    stepper = Stepper(net, net.prefix, made, Rates(made, 10, 1), Alone())
    stepper.step(1)  # along gradients of 0
    expected = np.where(np.sign(shrunk) == np.sign(START), shrunk, 0)
    assert net.weight.data().asnumpy() == pytest.approx(expected, abs=1e-6)


def test_parameters_of_one_step_size_share_an_array() -> None:
    with mx.name.NameManager():
        net = nn.HybridSequential()
        with net.name_scope():
            net.add(*(nn.Dense(2, in_units=2) for _ in range(6)))
    net.initialize()
    for place, layer in enumerate(net):
        layer.collect_params().setattr("lr_mult", 0.5 ** (place % 2))
    made = recipe(optimiser="sgd", momentum=0.9, weight_decay=0.1)
    stepper = Stepper(net, net.prefix, made, Rates(made, 1, 1), Alone())
    # Two step sizes, each of weights and of biases: their momentum.
    assert [each.size for each in stepper.memory.values()] == [12, 6, 12, 6]


def test_what_is_frozen_is_left_as_it_is() -> None:
    trial = Trial()
    trial.net.bias.grad_req = "null"
    made = recipe(optimiser="adamw", weight_decay=0.3, learning_rate=RATE)
    stepper = Stepper(trial.net, trial.net.prefix, made, Rates(made, 10, 1), Alone())
    with autograd.record():
        loss = trial.net(mx.nd.ones((1, 2))).sum()
    loss.backward()
    stepper.step(1)
    assert (trial.net.bias.data().asnumpy() == BIAS.astype(np.float32)).all()
    assert not np.isclose(trial.weight, START).any()
    assert sum(each.size for each in stepper.memory.values()) == 2 * START.size


def test_a_network_of_which_nothing_is_trained_is_refused() -> None:
    trial = Trial()
    trial.net.collect_params().setattr("grad_req", "null")
    made = recipe()
    with pytest.raises(UserError, match="no parameter of the network is trained"):
        Stepper(trial.net, trial.net.prefix, made, Rates(made, 10, 1), Alone())

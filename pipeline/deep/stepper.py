"""One step of training: gradients of all ranks, made safe, and the weights that follow from them.

Every rank does the same to the same sums, so their weights stay equal without being exchanged.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import mxnet as mx
import numpy as np
import numpy.typing as npt

from pipeline.deep.building import penalised
from pipeline.deep.communication import Communication
from pipeline.deep.rates import Growing, Rates
from pipeline.deep.recipe import Recipe

_UPDATES = "updates"
# MXNet has no adamw: it is adam, and weights that shrink apart from it.
_NAMES = {"adam": "adam", "adamw": "adam", "sgd": "sgd", "lamb": "lamb"}


class Stepper:
    """The weights of a network on their way.

    Parameters
    ----------
    net : Block
        The network, or a stage of it, whose shapes are known.
    prefix : str
        What all names in the network begin with.
    recipe : Recipe
        Optimiser and penalties.
    rates : Rates or Growing
        The size of each step.
    others : Communication
        The other ranks.
    """

    def __init__(
        self,
        net: Any,
        prefix: str,
        recipe: Recipe,
        rates: Rates | Growing,
        others: Communication,
    ) -> None:
        self._recipe = recipe
        self._rates = rates
        self._others = others
        parameters = net.collect_params()
        self._trained = [
            (name.removeprefix(prefix), each)
            for name, each in sorted(parameters.items())
            if each.grad_req != "null"
        ]
        self._penalised = penalised(self._trained)
        self._prepare_parameters()
        self._trainer = mx.gluon.Trainer(
            parameters, _NAMES[recipe.optimiser], self._settings(), kvstore=None
        )
        self.done = 0
        self.skipped_in_a_row = 0
        self.begin_epoch()

    def begin_epoch(self) -> None:
        """Forget what was measured."""
        self._rate = 0.0
        self._steps = self.skipped = 0
        self._squares = np.zeros(len(self._trained))

    def step(self, rows: int) -> None:
        """Move the weights along the gradients that were found on this rank since the last step.

        Parameters
        ----------
        rows : int
            Rows that the gradients are sums over, all ranks together.

        Notes
        -----
        A gradient that is not finite on any rank is so in the sum: all ranks skip that step.
        """
        gradients = [each.grad() for _, each in self._trained]
        self._others.sum_gradients(gradients, rows, is_halved=self._recipe.compression == "fp16")
        squares = _sums_of_squares(gradients) / float(rows) ** 2
        norm = math.sqrt(squares.sum())
        self._rate = self._rates.at(self.done)
        self.done += 1
        self._steps += 1
        if not math.isfinite(norm):
            self.skipped += 1
            self.skipped_in_a_row += 1
        else:
            self.skipped_in_a_row = 0
            self._squares += squares
            self._move(rows, norm)
        if self._recipe.accumulate > 1:
            for _, each in self._trained:
                each.zero_grad()

    def measures(self) -> dict[str, float]:
        """Of the epoch: step size, norm of the gradient, skipped steps, each layer's norm.

        Norms are root mean squares over the steps that were not skipped.
        """
        taken = max(self._steps - self.skipped, 1)
        layers: dict[str, float] = defaultdict(float)
        for (name, _), square in zip(self._trained, self._squares, strict=True):
            layers[name.rpartition("_")[0] or name] += square
        found = {
            "learning_rate": self._rate,
            "gradient": math.sqrt(self._squares.sum() / taken),
            **{f"gradient.{name}": math.sqrt(each / taken) for name, each in layers.items()},
        }
        return {**found, "skipped": float(self.skipped)} if self.skipped else found

    @property
    def memory(self) -> dict[str, npt.NDArray[Any]]:
        """The optimiser's, by names that `restore` knows."""
        found = {_UPDATES: np.array(self._trainer._optimizer.num_update)}
        for place, states in self._trainer._updaters[0].states.items():
            for number, each in enumerate(_as_tuple(states)):
                found[f"{place}.{number}"] = each.asnumpy()
        return found

    def restore(
        self, memory: Mapping[str, npt.NDArray[Any]], done: int, skipped_in_a_row: int = 0
    ) -> None:
        """Go on after `done` steps, the last of which may have been skipped, with a memory."""
        self.done = done
        self.skipped_in_a_row = skipped_in_a_row
        updates = int(memory[_UPDATES])
        if not updates:  # none yet: all steps were skipped
            return
        optimiser = self._trainer._optimizer
        updater = self._trainer._updaters[0]
        for place, parameter in enumerate(self._trainer._params):
            if parameter.grad_req == "null":
                continue
            # Steps are counted by device, and those of the device of the last call are at hand.
            optimiser._set_current_context(parameter.data().context.device_id)
            states = optimiser.create_state_multi_precision(place, parameter.data())
            for number, each in enumerate(_as_tuple(states)):
                each[:] = memory[f"{place}.{number}"]
            updater.states[place] = states
            updater.states_synced[place] = True
            optimiser._index_update_count[place] = updates
        optimiser.num_update = updates

    def _prepare_parameters(self) -> None:
        apart = {id(each) for each in self._penalised}
        for _, each in self._trained:
            each.grad_req = "add" if self._recipe.accumulate > 1 else "write"
            if id(each) not in apart:
                each.wd_mult = 0.0

    def _settings(self) -> dict[str, Any]:
        recipe = self._recipe
        settings: dict[str, Any] = {"learning_rate": self._rates.at(0)}
        if recipe.optimiser != "adamw":
            settings["wd"] = recipe.weight_decay
        if recipe.optimiser == "sgd":
            settings["momentum"] = recipe.momentum
        return settings

    def _move(self, rows: int, norm: float) -> None:
        recipe, rate = self._recipe, self._rate
        self._trainer.set_learning_rate(rate)
        if recipe.optimiser == "adamw" and recipe.weight_decay:
            for each in self._penalised:
                each.data()[:] *= 1 - rate * recipe.weight_decay
        # The optimiser divides by this; a longer gradient than allowed is shortened on the way.
        shortened = max(norm / recipe.clip_norm, 1.0) if recipe.clip_norm else 1.0
        self._trainer.update(rows * shortened)
        if recipe.l1:
            for each in self._penalised:
                _shrink(each.data(), rate * recipe.l1)


def _shrink(weights: Any, by: float) -> None:
    """The proximal step of an L1 penalty: weights within `by` of 0 become 0, in place.

    N. Parikh, S. Boyd, "Proximal algorithms" (2014), section 6.5.2.
    """
    weights[:] = mx.nd.sign(weights) * mx.nd.relu(mx.nd.abs(weights) - by)


def _sums_of_squares(arrays: Sequence[Any]) -> npt.NDArray[np.float64]:
    found = mx.nd.multi_sum_sq(*arrays, num_arrays=len(arrays))
    return np.asarray(found.asnumpy(), dtype=np.float64)


def _as_tuple(states: Any) -> tuple[Any, ...]:
    if states is None:
        return ()
    return states if isinstance(states, tuple) else (states,)

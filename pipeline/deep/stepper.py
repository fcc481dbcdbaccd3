"""One step of training: gradients of all ranks, made safe, and the weights that follow from them.

Every rank does the same to the same sums, so their weights stay equal without being exchanged.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import mxnet as mx
import numpy as np
import numpy.typing as npt

from pipeline.deep.buckets import Bucket, buckets
from pipeline.deep.building import penalised
from pipeline.deep.communication import Communication
from pipeline.deep.rates import Growing, Rates
from pipeline.deep.recipe import Recipe
from pipeline.errors import UserError

# From so many numbers on, waiting for a step's gradients costs less than a pass over them.
_MANY = 2**22
# MXNet has no adamw: it is adam, and weights that shrink apart from it.
_NAMES = {"adam": "adam", "adamw": "adam", "sgd": "sgd", "lamb": "lamb"}


class Stepper:
    """The weights of a network on their way.

    Nothing in `step` waits for what is computed, but in networks of millions of numbers: the next
    step is on its way meanwhile. What came of a step is known when it is settled.

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
        trained = {
            id(each): (name.removeprefix(prefix), each)
            for name, each in sorted(net.collect_params().items())
            if each.grad_req != "null"
        }
        for _, each in trained.values():
            each.grad_req = "add" if recipe.accumulate > 1 else "write"
        self._is_penalised = {id(each) for each in penalised(trained.values())}
        held = [each for _, each in trained.values()]
        if not held:
            raise UserError(
                "no parameter of the network is trained: leave at least one with a grad_req other "
                "than null"
            )
        # Those of one step size share buckets; the penalised ones first, so that those of a bucket
        # are one stretch of it.
        held.sort(key=lambda each: (*_factors(each), id(each) not in self._is_penalised))
        self._buckets = list(buckets(held, _factors))
        self._names = [trained[id(each)][0] for each in held]
        self._gradients = [each.grad() for each in held]
        self._pieces = [piece for bucket in self._buckets for piece in self._pieces_of(bucket)]
        self._penalised = [piece for piece in self._pieces if piece.is_penalised]
        self._optimiser = self._make_optimiser()
        self._states = [
            self._optimiser.create_state_multi_precision(place, piece.values)
            for place, piece in enumerate(self._pieces)
        ]
        self.done = 0
        self.skipped_in_a_row = 0
        self._unsettled: deque[tuple[Any, Any, int]] = deque()
        self.begin_epoch()

    def begin_epoch(self) -> None:
        """Forget what was measured."""
        self._rate = 0.0
        self._steps = self.skipped = 0
        self._squares = np.zeros(len(self._names))

    def step(self, rows: int) -> Any:
        """Move the weights along the gradients that were found on this rank since the last step.

        Parameters
        ----------
        rows : int
            Rows that the gradients are sums over, all ranks together.

        Returns
        -------
        NDArray, shape (1,)
            1, or 0 where the gradients are not finite.

        Notes
        -----
        A gradient that is not finite on any rank is so in the sum: on all ranks the step counts as
        one with gradients of 0, which moves weights by momentum and penalties alone.
        """
        is_halved = self._recipe.compression == "fp16"
        for place, bucket in enumerate(self._buckets):
            self._others.sum_gradients(bucket.gradients, rows, place, is_halved=is_halved)
        squares = mx.nd.multi_sum_sq(*self._gradients, num_arrays=len(self._gradients))
        total = squares.sum()
        is_finite = total < math.inf
        if self._recipe.clip_norm:
            times = mx.nd.relu(mx.nd.sqrt(total) / (rows * self._recipe.clip_norm) - 1) + 1
            for bucket in self._buckets:
                mx.nd.broadcast_div(bucket.gradients, times, out=bucket.gradients)
        # All ranks have the same sums, so they agree.
        if self.size < _MANY or not is_finite.asscalar():
            for bucket in self._buckets:
                bucket.clear(is_finite)
        self._move(rows)
        self._unsettled.append((squares, is_finite, rows))
        if self._recipe.accumulate > 1:
            for bucket in self._buckets:
                bucket.gradients[:] = 0
        return is_finite

    def settle(self, leaving: int = 0) -> Iterator[bool]:
        """Whether each step was taken, in their order, but for the last ones; waits for them."""
        while len(self._unsettled) > leaving:
            squares, is_finite, rows = self._unsettled.popleft()
            self._steps += 1
            is_taken = bool(is_finite.asscalar())
            if is_taken:
                self.skipped_in_a_row = 0
                self._squares += squares.asnumpy().astype(np.float64) / float(rows) ** 2
            else:
                self.skipped += 1
                self.skipped_in_a_row += 1
            yield is_taken

    def measures(self) -> dict[str, float]:
        """Of the epoch: step size, norm of the gradient, skipped steps, each layer's norm.

        Norms are root mean squares over the steps that were not skipped.
        """
        taken = max(self._steps - self.skipped, 1)
        layers: dict[str, float] = defaultdict(float)
        for name, square in zip(self._names, self._squares, strict=True):
            layers[name.rpartition("_")[0] or name] += square
        found = {
            "learning_rate": self._rate,
            "gradient": math.sqrt(self._squares.sum() / taken),
            **{f"gradient.{name}": math.sqrt(layers[name] / taken) for name in sorted(layers)},
        }
        return {**found, "skipped": float(self.skipped)} if self.skipped else found

    @property
    def size(self) -> int:
        """How many numbers are trained."""
        return sum(bucket.values.size for bucket in self._buckets)

    @property
    def memory(self) -> dict[str, npt.NDArray[Any]]:
        """The optimiser's, by names that `restore` knows."""
        return {
            f"{place}.{number}": each.asnumpy()
            for place, states in enumerate(self._states)
            for number, each in enumerate(_as_tuple(states))
        }

    def restore(
        self, memory: Mapping[str, npt.NDArray[Any]], done: int, skipped_in_a_row: int = 0
    ) -> None:
        """Go on after `done` steps, the last of which may have been skipped, with a memory."""
        self.done = done
        self.skipped_in_a_row = skipped_in_a_row
        # Steps are counted by device, and those of the device of the last call are at hand.
        self._optimiser._set_current_context(self._buckets[0].values.context.device_id)
        for place, states in enumerate(self._states):
            for number, each in enumerate(_as_tuple(states)):
                each[:] = memory[f"{place}.{number}"]
            self._optimiser._index_update_count[place] = done
        self._optimiser.num_update = done

    def _pieces_of(self, bucket: Bucket) -> Iterator[_Piece]:
        recipe = self._recipe
        if recipe.optimiser == "lamb":  # goes by the norm of each layer
            for each in bucket.parameters:
                is_penalised = id(each) in self._is_penalised
                yield _Piece(each.data(), each.grad(), is_penalised, each.lr_mult, each.wd_mult)
            return
        many = sum(id(each) in self._is_penalised for each in bucket.parameters)
        first = bucket.parameters[0]
        penalties = recipe.weight_decay or recipe.l1
        for place, pair in enumerate(bucket.split(many if penalties else 0)):
            is_penalised = bool(many) and place == 0
            yield _Piece(*pair, is_penalised, first.lr_mult, first.wd_mult)

    def _make_optimiser(self) -> Any:
        recipe = self._recipe
        settings: dict[str, Any] = {"learning_rate": self._rates.at(0)}
        if recipe.optimiser != "adamw":
            settings["wd"] = recipe.weight_decay
        if recipe.optimiser == "sgd":
            settings["momentum"] = recipe.momentum
        made = mx.optimizer.create(_NAMES[recipe.optimiser], **settings)
        pieces = dict(enumerate(self._pieces))
        made.lr_mult = {place: piece.lr_mult for place, piece in pieces.items()}
        made.wd_mult = {
            place: piece.wd_mult if piece.is_penalised else 0.0 for place, piece in pieces.items()
        }
        return made

    def _move(self, rows: int) -> None:
        recipe = self._recipe
        rate = self._rate = self._rates.at(self.done)
        self.done += 1
        self._optimiser.set_learning_rate(rate)
        self._optimiser.rescale_grad = 1 / rows
        if recipe.optimiser == "adamw" and recipe.weight_decay:
            for piece in self._penalised:
                own = rate * piece.lr_mult * piece.wd_mult
                piece.values[:] *= 1 - own * recipe.weight_decay
        update = self._optimiser.update_multi_precision
        for place, piece in enumerate(self._pieces):
            update(place, piece.values, piece.gradients, self._states[place])
        if recipe.l1:
            for piece in self._penalised:
                _shrink(piece.values, rate * piece.lr_mult * recipe.l1)


@dataclass(frozen=True)
class _Piece:
    """Values and their gradients that the optimiser takes as one, and knows by its place."""

    values: Any
    gradients: Any
    is_penalised: bool
    lr_mult: float
    wd_mult: float


def _factors(parameter: Any) -> tuple[float, float]:
    """By which a parameter's step size, and its weight decay, are multiplied."""
    return parameter.lr_mult, parameter.wd_mult


def _shrink(weights: Any, by: float) -> None:
    """The proximal step of an L1 penalty: weights within `by` of 0 become 0, in place.

    N. Parikh, S. Boyd, "Proximal algorithms" (2014), section 6.5.2.
    """
    weights[:] = mx.nd.sign(weights) * mx.nd.relu(mx.nd.abs(weights) - by)


def _as_tuple(states: Any) -> tuple[Any, ...]:
    if states is None:
        return ()
    return states if isinstance(states, tuple) else (states,)

"""Gradients of a network as backpropagation has them, against differences of its loss.

All is computed in float64 on a few rows that are drawn, without a table and without Spark.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.data.encoding import Feature, FeatureSchema
from pipeline.deep.groups import with_places
from pipeline.deep.inputs import InputLayout
from pipeline.deep.objectives import Classification, Objective, Regression
from pipeline.deep.recipe import Recipe

_ROWS = 8
_STEPS = 5
_CATEGORIES = (("a", "b", "c"), ("v", "w", "x", "y", "z"))
_STEP = 1e-6
# Below this a gradient is nothing: the loss is about 1, and its differences are as coarse.
_FLOOR = 1e-5
TOLERANCE = 1e-4


@dataclass(frozen=True)
class Checked:
    """A parameter's gradient, both ways.

    Parameters
    ----------
    name : str
        The parameter.
    entries : int
        How many of its entries were compared.
    backpropagated, numeric : float
        Of the entry where they differ most.
    error : float
        Their difference as a share of their sizes, there.
    """

    name: str
    entries: int
    backpropagated: float
    numeric: float
    error: float

    @property
    def is_right(self) -> bool:
        """Whether they are the same, as far as numbers go."""
        return self.error <= TOLERANCE


def check(recipe: Recipe, classes: int, seed: int = 0, entries: int = 10) -> list[Checked]:
    """Compare gradients of all parameters of a network.

    Parameters
    ----------
    recipe : Recipe
        The network; units are not left out, for the loss must be the same each time.
    classes : int
        Classes of its output; 0 for a value.
    seed : int
        Draws weights, rows, and which entries are compared.
    entries : int
        Entries of each parameter, at most.
    """
    trial = _Trial(replace(recipe, dropout=0.0), classes, seed)
    return [trial.check(name, entries) for name in trial.names]


class _Trial:
    """A network, rows and a loss in float64."""

    def __init__(self, recipe: Recipe, classes: int, seed: int) -> None:
        import mxnet as mx

        from pipeline.deep.building import build

        features = _features(recipe)
        layout = InputLayout.of(features)
        self._rng = np.random.default_rng(seed)
        objective: Objective = Classification(classes) if classes else Regression(0.0, 1.0)
        mx.random.seed(seed)
        settled = with_places(recipe, features)
        count = len(layout.numeric)
        standard = (np.full(count, 0.1, np.float32), np.full(count, 0.9, np.float32))
        self._net = build(settled, layout, standard, objective.outputs, mx.cpu())
        self._net.cast("float64")
        self._inputs = [mx.nd.array(each, dtype="float64") for each in self._rows(layout)]
        labels = self._rng.integers(0, classes, _ROWS) if classes else self._rng.normal(size=_ROWS)
        self._labels = mx.nd.array(labels, dtype="float64")
        self._weights = mx.nd.ones((_ROWS, 1), dtype="float64")
        self._loss = objective.loss(recipe.label_smoothing)
        self._loss.cast("float64")
        self._found = self._backpropagated()

    @property
    def names(self) -> list[str]:
        """The parameters that are trained."""
        return list(self._found)

    def check(self, name: str, entries: int) -> Checked:
        """Compare some entries of a parameter's gradient."""
        found = self._found[name].reshape(-1)
        places = self._rng.choice(found.size, min(entries, found.size), replace=False)
        numeric = np.array([self._difference(name, int(place)) for place in places])
        own = found[places]
        errors = np.abs(own - numeric) / np.maximum(np.abs(own) + np.abs(numeric), _FLOOR)
        errors = np.where(np.isfinite(errors), errors, np.inf)
        worst = int(errors.argmax())
        return Checked(
            name.removeprefix(self._net.prefix),
            len(places),
            float(own[worst]),
            float(numeric[worst]),
            float(errors[worst]),
        )

    def _rows(self, layout: InputLayout) -> Iterator[npt.NDArray[Any]]:
        if layout.numeric:
            yield self._rng.normal(size=(_ROWS, len(layout.numeric)))
        if layout.categorical:
            yield np.stack([self._rng.integers(0, n + 1, _ROWS) for n in layout.sizes], axis=1)

    def _forward(self) -> Any:
        return self._loss(self._net(*self._inputs), self._labels, self._weights).mean()

    def _backpropagated(self) -> dict[str, npt.NDArray[np.float64]]:
        from mxnet import autograd

        with autograd.record():
            loss = self._forward()
        loss.backward()
        return {
            name: each.grad().asnumpy()
            for name, each in self._net.collect_params().items()
            if each.grad_req != "null"
        }

    def _difference(self, name: str, place: int) -> float:
        """How much the loss changes with an entry, from both sides."""
        from mxnet import autograd

        parameter = self._net.collect_params()[name]
        before = parameter.data().asnumpy()
        losses = []
        for side in (1.0, -1.0):
            changed = before.copy()
            changed.reshape(-1)[place] += side * _STEP
            parameter.set_data(changed)
            with autograd.train_mode():  # normalised by the batch, as in training
                losses.append(float(self._forward().asscalar()))
        parameter.set_data(before)
        return (losses[0] - losses[1]) / (2 * _STEP)


def _features(recipe: Recipe) -> FeatureSchema:
    """Columns such as the network takes."""
    if recipe.network == "recurrent":
        return _numbers(_STEPS * recipe.sequence_channels)
    if recipe.network == "convolutional":
        return _numbers(int(np.prod(recipe.image_shape or [1])))
    names = [str(each) for group in recipe.groups or () for each in group if isinstance(each, str)]
    places = [each for group in recipe.groups or () for each in group if isinstance(each, int)]
    count = max(4, recipe.segments, 1 + max(places, default=0) - len(names))
    categories = [
        Feature(f"category {number}", "categorical", found)
        for number, found in enumerate(_CATEGORIES)
    ]
    return FeatureSchema(
        (
            *(Feature(name, "numeric") for name in names),
            *_numbers(count).features,
            *categories,
        )
    )


def _numbers(count: int) -> FeatureSchema:
    return FeatureSchema(tuple(Feature(f"number {at}", "numeric") for at in range(count)))

"""One rank's rows: what they count, their order in each epoch, and what is aimed at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count, islice
from typing import TYPE_CHECKING

import numpy as np

from pipeline.deep.base_rows import Call, base_rows
from pipeline.deep.communication import Communication, Rank
from pipeline.deep.feed import Batch, Feed
from pipeline.deep.grouping import Order, by_length, lengths_of
from pipeline.deep.inputs import Floats, InputLayout
from pipeline.deep.kept_values import KeptValues
from pipeline.deep.objectives import Classification, Objective, Regression
from pipeline.deep.padded import Lengths, Padded
from pipeline.deep.recipe import Recipe
from pipeline.deep.sources import Rows
from pipeline.deep.standard import Standard, as_they_are, far_columns, standard, weighted_moments
from pipeline.deep.task import DeepTask
from pipeline.errors import UserError

if TYPE_CHECKING:
    from pipeline.spark.shards import Part

_NO_RANK = 2**32 - 1


class RankRows:
    """Training and validation rows of one rank.

    Parameters
    ----------
    task : DeepTask
        Whose rows.
    recipe : Recipe
        How many of them are a batch, and how many batches a step.
    rank : Rank
        This rank.
    others : Communication
        The other ranks.

    Attributes
    ----------
    layout : InputLayout
        Columns of the network's input.
    objective : Objective
        What the network is trained for.
    validation : Feed or None
        Batches of validation rows, where there are some.
    """

    def __init__(self, task: DeepTask, recipe: Recipe, rank: Rank, others: Communication) -> None:
        self._task = task
        self._recipe = recipe
        self._rank = rank
        self._others = others
        self._seed = task.seed if task.order_seed is None else task.order_seed
        self.layout = InputLayout.of(task.features, task.columns)
        self._rows = task.shards.open("train", rank.rank)
        self._train = self._feed("train", self._rows)
        self.validation: Feed | None = None
        self._held_out: Rows | None = None
        if task.shards.rows["validation"]:
            self._held_out = task.shards.open("validation", rank.rank)
            self.validation = self._feed("validation", self._held_out)
        self.objective = self._make_objective()
        self._padded: Padded | None = None
        self._lengths: Lengths | None = None
        self._validation_order: Order | None = None
        self._base: tuple[Feed, Feed | None] | None = None

    def group(self, padded: Padded) -> None:
        """See that rows of a batch are of like length from now on, in training and validation."""
        self._padded = padded
        self._lengths = lengths_of(self._rows, self.layout, padded)
        if self._held_out is not None:
            lengths = lengths_of(self._held_out, self.layout, padded)
            self._validation_order = np.argsort(lengths, kind="stable")

    def stand_on(self, base: Call | None, kept: KeptValues | None = None) -> None:
        """Read what a base gives for the rows instead of the rows themselves.

        Parameters
        ----------
        base : callable or None
            It runs over all rows now; None: read the rows again.
        kept : KeptValues, optional
            Where what it gives is kept, or has been.
        """
        if base is None:
            self._base = None
            return
        train = self._over(base, kept, self._train, self._rows)
        if self.validation is None or self._held_out is None:
            self._base = train, None
            return
        self._base = train, self._over(base, kept, self.validation, self._held_out)

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return -(-self._train.steps // self._recipe.accumulate)

    @property
    def share(self) -> float:
        """Of all ranks' training rows, this one's."""
        return self._rows.rows / max(sum(self._task.shards.sizes["train"]), 1)

    @property
    def seed(self) -> int:
        """Draws orders of rows, and what else differs from epoch to epoch."""
        return self._seed

    def some(self) -> Batch:
        """A batch, whose shape weights follow from."""
        return next(self._feeds[0].epoch())

    def standard(self) -> Standard:
        """What the numbers look like over all ranks' training rows, where the network asks."""
        from pipeline.deep.building import standardises

        if not standardises(self._recipe):
            return as_they_are(self.layout)
        return standard(self._rows, self.layout, self._others, self._rank)

    def epoch(self, number: int) -> Iterator[list[Batch]]:
        """The batches of each step of an epoch, in an order that (seed, epoch, rank) draws."""
        return _grouped(self._feeds[0].epoch(self._order(number)), self._recipe.accumulate)

    def validated(self) -> Iterator[Batch]:
        """The batches of the validation rows, where there are some."""
        feed = self._feeds[1]
        return iter(()) if feed is None else feed.epoch(self._validation_order)

    def endless(self) -> Iterator[list[Batch]]:
        """Epoch after epoch."""
        for number in count():
            yield from self.epoch(number)

    def far_columns(self) -> str:
        """Columns with numbers far from all others, in words; all ranks must ask.

        Empty where the network says that its numbers are no measures.
        """
        from pipeline.deep.building import standardises

        if not standardises(self._recipe):
            return ""
        return far_columns(self._rows, self.layout, self._task.features.names, self._others)

    def _order(self, number: int) -> Order:
        """Four bytes a row: no shard has more rows than that can count."""
        order = np.arange(self._rows.rows, dtype=np.uint32)
        np.random.default_rng((self._seed, number, self._rank.rank)).shuffle(order)
        if self._lengths is None or self._base is not None:
            return order
        # Not drawn by the rank: all ranks have their long rows in the same steps.
        turns = np.random.default_rng((self._seed, number, _NO_RANK)).permutation(self._train.steps)
        return by_length(order, self._lengths, self._train.bounds, turns)

    @property
    def _feeds(self) -> tuple[Feed, Feed | None]:
        """Batches of training and of validation rows, as they are read now."""
        return self._base or (self._train, self.validation)

    def _over(self, base: Call, kept: KeptValues | None, feed: Feed, rows: Rows) -> Feed:
        found = base_rows(rows, base, self.layout, self._padded, self._rank, kept)
        return feed.of(found, InputLayout(tuple(range(found.width)), (), ()))

    def _feed(self, part: Part, rows: Rows) -> Feed:
        sizes = self._task.shards.sizes[part]
        batch = self._recipe.rows_of_batch(len(sizes))
        return Feed(rows, self.layout, sizes, batch, self._weights(rows))

    def _weights(self, rows: Rows) -> Floats | None:
        """What rows count: their weights and their classes', so that the mean is 1."""
        classes = np.asarray(self._task.class_weights, np.float32)
        if not rows.is_weighted and not len(classes):
            return None
        given = rows.weights
        weights = np.ones(rows.rows, np.float32) if given is None else given
        if len(classes):
            weights = weights * classes[rows.labels.astype(np.int64)]
        total, many = self._others.sum([float(weights.sum(dtype=np.float64)), float(rows.rows)])
        if not total > 0:
            raise UserError("no row has a positive weight: see weightCol and class_weight")
        return np.asarray(weights * np.float32(many / total), dtype=np.float32)

    def _make_objective(self) -> Objective:
        if self._task.classes:
            return Classification(self._task.classes)
        mean, deviation = weighted_moments(self._rows.labels, self._rows.weights, self._others)
        return Regression(mean, deviation)


def _grouped(batches: Iterable[Batch], size: int) -> Iterator[list[Batch]]:
    """So many batches at a time, fewer at the end."""
    source = iter(batches)
    while group := list(islice(source, size)):
        yield group

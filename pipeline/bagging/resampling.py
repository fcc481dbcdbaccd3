"""Drawing a replica's sample: the seed is the record of the sample, nothing row-sized is kept.

A sample is a weight per row, how often the row was drawn. Rows stand in the order of their
identity, so an exact draw is a function of (seed, replica, rows); a Poisson draw is a function of
(seed, replica, identity), which a worker can make for its own rows alone.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.stats import poisson

from pipeline.spark.content_hash import mix
from pipeline.spark.shard_file import Floats, Integers

Scheme: TypeAlias = Literal["bootstrap", "poisson", "pasting"]
SCHEMES: tuple[Scheme, ...] = ("bootstrap", "poisson", "pasting")

_MOST_DRAWS = 64  # of one row in a Poisson draw: beyond it there is no probability left
# What a stream of random numbers is for, so that no two are the same.
_ROWS, _LEARNER, _COLUMNS, _PERMUTATION = range(4)


@dataclass(frozen=True)
class Sampling:
    """How the sample of every replica is drawn.

    Parameters
    ----------
    scheme : {"bootstrap", "poisson", "pasting"}
        With replacement and of exact size; each row on its own, Poisson distributed; without
        replacement.
    max_samples : float
        Size of the sample as a share of the rows; the mean number of draws for Poisson.
    max_features : float
        Share of the columns that a replica may use.
    is_stratified : bool
        Whether rows are drawn class by class, so that every sample has the classes' shares.
    is_grouped : bool
        Whether groups are drawn rather than rows: the rows of one are drawn together.
    """

    scheme: Scheme = "bootstrap"
    max_samples: float = 1.0
    max_features: float = 1.0
    is_stratified: bool = False
    is_grouped: bool = False

    @property
    def needs_rows(self) -> bool:
        """Whether a draw depends on more than the number of rows."""
        return self.scheme == "poisson" or self.is_stratified or self.is_grouped

    def to_json(self) -> dict[str, Any]:
        """A JSON form that `Sampling(**…)` reads back."""
        return asdict(self)


@dataclass(frozen=True)
class SampledRows:
    """The rows that samples are drawn from, in the order of their identity.

    Parameters
    ----------
    rows : int
        How many.
    ids : ndarray of int64, shape (rows,), optional
        Identities, for Poisson draws.
    labels : ndarray of float32, shape (rows,), optional
        Class positions, for stratified draws.
    groups : ndarray of int64, shape (rows,), optional
        Hashes of groups, for grouped draws.
    """

    rows: int
    ids: Integers | None = None
    labels: Floats | None = None
    groups: Integers | None = None


def draw(sampling: Sampling, seed: int, replica: int, sampled: SampledRows) -> Integers:
    """How often each row is drawn into a replica.

    Parameters
    ----------
    sampling : Sampling
        How to draw.
    seed : int
        The ensemble's seed.
    replica : int
        Which replica.
    sampled : SampledRows
        The rows; with identities, labels or groups where `sampling` needs them.

    Returns
    -------
    ndarray of int64, shape (rows,)
        0 marks an out-of-bag row.
    """
    if sampling.scheme == "poisson":
        keys = sampled.groups if sampling.is_grouped else sampled.ids
        return poisson_counts(seed, replica, _needed(keys), sampling.max_samples)
    random = _generator(seed, replica, _ROWS)
    if sampling.is_grouped:
        _, own = np.unique(_needed(sampled.groups), return_inverse=True)
        return np.asarray(_exact(sampling, random, int(own.max(initial=-1)) + 1)[own])
    if not sampling.is_stratified:
        return _exact(sampling, random, sampled.rows)
    counts = np.zeros(sampled.rows, dtype=np.int64)
    labels = _needed(sampled.labels)
    for label in np.unique(labels):
        places = np.flatnonzero(labels == label)
        counts[places] = _exact(sampling, random, len(places))
    return counts


def in_bag_counts(seed: int, replica: int, rows: int) -> Integers:
    """The bootstrap sample of a replica: n draws out of n rows, with replacement.

    Parameters
    ----------
    seed : int
        The ensemble's seed.
    replica : int
        Which replica.
    rows : int
        Rows of the training data, in the order of their identity.

    Returns
    -------
    ndarray of int64, shape (rows,)
        Sums to `rows`; 0 marks an out-of-bag row, about 1/e of them.

    References
    ----------
    L. Breiman, "Bagging Predictors", Machine Learning 24 (1996), section 1.
    """
    return draw(Sampling(), seed, replica, SampledRows(rows))


def poisson_counts(seed: int, replica: int, keys: Integers, rate: float = 1.0) -> Integers:
    """How often each key is drawn, a Poisson number that depends on (seed, replica, key) alone.

    Parameters
    ----------
    seed, replica : int
        Which sample.
    keys : ndarray of int64
        Identities of rows, or of groups.
    rate : float
        Mean number of draws.

    References
    ----------
    N. Oza and S. Russell, "Online Bagging and Boosting", AISTATS 2001, section 2: for many rows a
    row's number of draws in a bootstrap sample is Poisson(1).
    """
    state = np.random.SeedSequence([seed, replica, _ROWS]).generate_state(1, np.uint64)
    stream = np.asarray(state, dtype=np.uint64)
    uniform = (mix(mix(keys.view(np.uint64)) ^ mix(stream)) >> np.uint64(11)) * 2.0**-53
    steps = poisson.cdf(np.arange(_MOST_DRAWS), rate)
    return np.asarray(np.searchsorted(steps, uniform, side="right"), dtype=np.int64)


def columns_of(sampling: Sampling, seed: int, replica: int, width: int) -> Integers | None:
    """Positions of the columns that a replica may use, ascending; None: all of them.

    References
    ----------
    T. Ho, "The Random Subspace Method for Constructing Decision Forests", IEEE TPAMI 20 (1998).
    """
    count = max(round(sampling.max_features * width), 1)
    if count >= width:
        return None
    random = _generator(seed, replica, _COLUMNS)
    return np.sort(random.choice(width, count, replace=False)).astype(np.int64)


def learner_seed(seed: int, replica: int) -> int:
    """The seed of a replica's learner, for what it draws itself (columns of a split)."""
    return int(np.random.SeedSequence([seed, replica, _LEARNER]).generate_state(1)[0] >> 1)


def permutation_generator(seed: int, replica: int) -> np.random.Generator:
    """Random numbers for what is done to a replica's out-of-bag rows."""
    return _generator(seed, replica, _PERMUTATION)


def _exact(sampling: Sampling, random: np.random.Generator, size: int) -> Integers:
    """Draws of a sample of exact size from `size` rows, groups, or rows of a class."""
    count = max(round(sampling.max_samples * size), 1) if size else 0
    if sampling.scheme == "bootstrap":
        return np.bincount(random.integers(0, size, size=count), minlength=size)
    counts = np.zeros(size, dtype=np.int64)
    counts[random.choice(size, count, replace=False, shuffle=False)] = 1
    return counts


def _needed(values: npt.NDArray[Any] | None) -> npt.NDArray[Any]:
    if values is None:
        raise ValueError("this draw needs the rows' identities, labels or groups")
    return values


def _generator(seed: int, replica: int, purpose: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, replica, purpose])))

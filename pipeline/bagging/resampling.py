"""Drawing a replica's sample: the seed is the record of the sample, nothing row-sized is kept.

A sample is a weight per row, how often the row was drawn; rows stand in the order of their
identity, so a weight is a function of (seed, replica, row) alone.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def in_bag_counts(seed: int, replica: int, rows: int) -> npt.NDArray[np.int64]:
    """How often each row was drawn into a replica: n draws out of n, with replacement.

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
    draws = _generator(seed, replica).integers(0, rows, size=rows)
    return np.bincount(draws, minlength=rows)


def learner_seed(seed: int, replica: int) -> int:
    """The seed of a replica's learner, for what it draws itself (columns of a split)."""
    return int(np.random.SeedSequence([seed, replica, 1]).generate_state(1)[0] >> 1)


def _generator(seed: int, replica: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, replica])))

"""Bootstrap samples: what theory says of them, and that they depend on nothing but their seed."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest

from pipeline.bagging.resampling import in_bag_counts, learner_seed

ROWS, REPLICAS = 3_000, 20


@pytest.fixture(scope="module")
def samples() -> np.ndarray:
    return np.array([in_bag_counts(7, replica, ROWS) for replica in range(REPLICAS)])


def test_every_sample_has_as_many_draws_as_rows(samples: np.ndarray) -> None:
    assert samples.shape == (REPLICAS, ROWS)
    assert (samples.sum(axis=1) == ROWS).all()
    assert (samples >= 0).all()


def test_about_one_in_e_rows_is_left_out(samples: np.ndarray) -> None:
    left_out = (samples == 0).mean(axis=1)
    deviation = math.sqrt(math.exp(-1) * (1 - 2 * math.exp(-1)) / ROWS)
    assert (np.abs(left_out - (1 - 1 / ROWS) ** ROWS) < 5 * deviation).all()
    assert abs(left_out.mean() - math.exp(-1)) < 0.005


def test_draws_are_poisson_like(samples: np.ndarray) -> None:
    for times in range(4):
        expected = math.exp(-1) / math.factorial(times)
        assert abs((samples == times).mean() - expected) < 0.01


def test_replicas_differ_and_do_not_correlate(samples: np.ndarray) -> None:
    assert all((a != b).any() for a, b in combinations(samples, 2))
    between = np.corrcoef(samples)[np.triu_indices(REPLICAS, 1)]
    assert abs(between.mean()) < 0.01
    assert np.abs(between).max() < 0.12


def test_a_sample_is_a_function_of_seed_and_replica_alone() -> None:
    assert (in_bag_counts(7, 3, 500) == in_bag_counts(7, 3, 500)).all()
    assert (in_bag_counts(7, 3, 500) != in_bag_counts(8, 3, 500)).any()
    assert (in_bag_counts(7, 3, 500) != in_bag_counts(3, 7, 500)).any()
    assert in_bag_counts(7, 3, 1).tolist() == [1]


def test_samples_stay_what_they_are() -> None:
    """Published models say by their seed which rows they have seen: a change is a breaking one."""
    assert in_bag_counts(7, 0, 10).tolist() == [1, 0, 1, 1, 0, 1, 2, 1, 2, 1]
    assert learner_seed(7, 0) == 1014427442


def test_learners_get_seeds_of_their_own() -> None:
    seeds = {learner_seed(seed, replica) for seed in range(5) for replica in range(100)}
    assert len(seeds) == 500
    assert all(0 <= seed < 2**31 for seed in seeds)

"""Bootstrap samples: what theory says of them, and that they depend on nothing but their seed."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest

from pipeline.bagging.resampling import (
    SampledRows,
    Sampling,
    columns_of,
    draw,
    in_bag_counts,
    learner_seed,
    poisson_counts,
)

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


def _rows(rows: int = ROWS) -> SampledRows:
    rng = np.random.default_rng(3)
    return SampledRows(
        rows,
        rng.permutation(rows).astype(np.int64) * 7919 - 2**62,
        rng.choice([0.0, 1.0, 2.0], rows, p=[0.9, 0.09, 0.01]).astype(np.float32),
        rng.integers(0, rows // 20, rows),
    )


def test_poisson_draws_have_mean_and_variance_one_and_do_not_correlate() -> None:
    found = np.array(
        [draw(Sampling("poisson"), 7, replica, _rows()) for replica in range(REPLICAS)]
    )
    assert abs(found.mean() - 1) < 4 / math.sqrt(found.size)
    assert abs(found.var() - 1) < 0.02
    assert abs((found == 0).mean() - math.exp(-1)) < 0.005
    between = np.corrcoef(found)[np.triu_indices(REPLICAS, 1)]
    assert abs(between.mean()) < 4 / math.sqrt(ROWS * len(between))
    assert abs(between.std() * math.sqrt(ROWS) - 1) < 0.2


def test_poisson_draws_of_a_row_depend_on_nothing_but_its_identity() -> None:
    ids = _rows().ids
    assert ids is not None
    whole = poisson_counts(7, 3, ids)
    order = np.random.default_rng(0).permutation(ROWS)
    assert (poisson_counts(7, 3, ids[order][:100]) == whole[order][:100]).all()
    assert poisson_counts(7, 3, np.arange(8)).tolist() == [3, 1, 0, 3, 1, 1, 2, 0]


@pytest.mark.parametrize("scheme", ["bootstrap", "poisson", "pasting"])
def test_samples_have_the_size_that_is_asked_for(scheme: str) -> None:
    sampling = Sampling(scheme, max_samples=0.4)  # type: ignore[arg-type]
    counts = draw(sampling, 1, 2, _rows())
    if scheme == "poisson":
        assert abs(counts.sum() - 0.4 * ROWS) < 5 * math.sqrt(0.4 * ROWS)
    else:
        assert counts.sum() == 0.4 * ROWS
    assert (counts.max() == 1) == (scheme == "pasting")


@pytest.mark.parametrize("scheme", ["bootstrap", "pasting"])
def test_a_stratified_sample_has_the_shares_of_the_classes(scheme: str) -> None:
    rows = _rows()
    assert rows.labels is not None
    sampling = Sampling(scheme, 0.5, is_stratified=True)  # type: ignore[arg-type]
    counts = draw(sampling, 1, 2, rows)
    for label in range(3):
        mine = rows.labels == label
        assert counts[mine].sum() == round(mine.sum() / 2)
        assert (counts[mine] == 0).any()


@pytest.mark.parametrize("scheme", ["bootstrap", "poisson", "pasting"])
def test_rows_of_a_group_are_drawn_together(scheme: str) -> None:
    rows = _rows()
    assert rows.groups is not None
    sampling = Sampling(scheme, 0.7, is_grouped=True)  # type: ignore[arg-type]
    counts = draw(sampling, 1, 2, rows)
    drawn = {group: set(counts[rows.groups == group]) for group in np.unique(rows.groups)}
    assert all(len(found) == 1 for found in drawn.values())
    assert len({next(iter(found)) for found in drawn.values()}) > 1
    total = sum(next(iter(found)) for found in drawn.values())
    if scheme != "poisson":
        assert total == round(0.7 * len(drawn))


def test_replicas_have_columns_of_their_own() -> None:
    sampling = Sampling(max_features=0.3)
    found = [columns_of(sampling, 7, replica, 20) for replica in range(50)]
    assert all(own is not None and len(own) == 6 and (np.diff(own) > 0).all() for own in found)
    assert len({tuple(own) for own in found if own is not None}) > 45
    used = np.bincount(np.concatenate([own for own in found if own is not None]), minlength=20)
    assert used.min() > 4
    assert columns_of(Sampling(), 7, 0, 20) is None
    assert columns_of(Sampling(max_features=0.01), 7, 0, 20) is not None

"""The simulated data sets of Breiman's papers, and the pruning that goes with them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import make_friedman2, make_friedman3
from sklearn.tree import DecisionTreeRegressor

from benchmarks.breiman import data
from benchmarks.breiman.cart import cross_validated, grown

ROWS = 20_000
SETS = {each.name: each for each in data.DATA_SETS}
WIDTHS = {"waveform": 21, "friedman1": 10, "friedman2": 4, "friedman3": 4}


@pytest.mark.parametrize("name", SETS)
def test_a_data_set_has_its_columns_and_equally_likely_classes(name: str) -> None:
    features, labels = SETS[name].sample(0, 0, ROWS)
    assert features.shape == (ROWS, WIDTHS.get(name, 20))
    assert features.dtype == labels.dtype == np.float32
    if SETS[name].classes:
        shares = np.bincount(labels.astype(int)) / ROWS
        assert len(shares) == SETS[name].classes
        assert np.allclose(shares, 1 / len(shares), atol=0.02)


def test_training_and_test_rows_of_all_repetitions_differ() -> None:
    first = SETS["twonorm"].sample(0, 0, 5)[0]
    assert (first == SETS["twonorm"].sample(0, 0, 5)[0]).all()
    assert not (first == SETS["twonorm"].sample(0, 1, 5)[0]).any()
    assert not (first == SETS["twonorm"].sample(1, 0, 5)[0]).any()


def _wrong(better: np.ndarray, labels: np.ndarray) -> float:
    return float(100 * np.mean(better != (labels == 1)))


def _density(features: np.ndarray, mean: np.ndarray | float) -> np.ndarray:
    return np.exp(-((features - mean) ** 2).sum(axis=1) / 2)


def test_the_bayes_error_of_twonorm_is_2_3_percent() -> None:
    features, labels = SETS["twonorm"].sample(1, 0, ROWS)
    assert _wrong(features.sum(axis=1) < 0, labels) == pytest.approx(2.3, abs=0.35)


def test_the_bayes_error_of_ringnorm_is_1_5_percent() -> None:
    features, labels = SETS["ringnorm"].sample(1, 0, ROWS)
    wide = (features**2).sum(axis=1) / 4 + data.WIDTH * np.log(4)
    near = ((features - data.RINGNORM_SCALE) ** 2).sum(axis=1)
    assert _wrong(near < wide, labels) == pytest.approx(1.49, abs=0.3)


def test_the_bayes_error_of_threenorm_is_10_5_percent() -> None:
    features, labels = SETS["threenorm"].sample(1, 0, ROWS)
    scale = 2 / np.sqrt(data.WIDTH)
    other = _density(features, scale) / 2 + _density(features, -scale) / 2
    one = _density(features, np.tile([scale, -scale], data.WIDTH // 2))
    assert _wrong(one > other, labels) == pytest.approx(10.5, abs=0.8)


def test_the_middle_of_a_waveform_class_is_the_middle_of_its_two_waves() -> None:
    features, labels = SETS["waveform"].sample(1, 0, ROWS)
    middle = features[labels == 0].mean(axis=0)
    assert middle[[0, 6, 14]] == pytest.approx([0, 3, 3], abs=0.1)  # tops of two waves
    assert features[labels == 0].std(axis=0)[0] == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize(("name", "noise"), [("friedman2", 125.0), ("friedman3", 0.1)])
def test_noise_is_a_third_of_the_signal_and_the_rest_is_scikit_learns(
    name: str, noise: float
) -> None:
    _, labels = SETS[name].sample(1, 0, ROWS)
    made = {"friedman2": make_friedman2, "friedman3": make_friedman3}[name]
    _, clean = made(n_samples=ROWS, noise=0.0, random_state=0)
    assert clean.std() / noise == pytest.approx(3, abs=0.25)
    assert labels.mean() == pytest.approx(clean.mean(), rel=0.02)
    assert labels.std() == pytest.approx(np.hypot(clean.std(), noise), rel=0.02)


def test_subtrees_are_those_of_scikit_learns_pruning() -> None:
    features, labels = SETS["friedman1"].sample(0, 0, 200)
    held, held_labels = SETS["friedman1"].sample(0, 1, 100)
    tree = grown(features, labels, None, 0, 0)
    sequence = tree.sequence(held, held_labels)
    for place in range(0, len(sequence.alphas), 30):
        alpha = sequence.alphas[place] + 1e-12
        fitted = DecisionTreeRegressor(random_state=0, ccp_alpha=alpha).fit(features, labels)
        found = tree.predict(held, tree.owners(sequence.steps[place]))
        assert found == pytest.approx(fitted.predict(held))
        assert ((found - held_labels) ** 2).sum() == pytest.approx(sequence.errors[place])


def test_cross_validation_prunes_a_tree_of_pure_noise_to_little() -> None:
    rng = np.random.default_rng(0)
    features = rng.random((200, 5), dtype=np.float32)
    tree, owners = cross_validated(features, rng.standard_normal(200), 0, 0)
    assert len(np.unique(tree.predict(features, owners))) <= 10

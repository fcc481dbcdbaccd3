"""AdaBoost's rounds in one process: against scikit-learn, interrupted, at their ends."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.ensemble import AdaBoostClassifier as Theirs

from pipeline.boosting.stopping import Patience
from pipeline.errors import UserError
from tests.boosting.adaboost.in_process import make_task, rounds_of, train


def test_first_stump_of_two_classes_has_the_vote_that_scikit_learn_gives_it(tmp_path: Path) -> None:
    features, labels = load_breast_cancer(return_X_y=True)
    weights = np.random.default_rng(0).uniform(0.5, 2.0, len(labels))
    for given in (None, weights):
        found = train(make_task(tmp_path, features, labels, rounds=1, weights=given))
        theirs = Theirs(n_estimators=1).fit(features, labels, sample_weight=given)
        assert found["alphas"] == pytest.approx(theirs.estimator_weights_, rel=1e-5)
        assert found["history"][0]["learner.error"] == pytest.approx(
            theirs.estimator_errors_[0], rel=1e-5
        )


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    features, labels = load_digits(return_X_y=True)
    return features[:600], labels[:600]


@pytest.mark.parametrize("with_validation", [False, True])
def test_interrupted_training_comes_to_the_same_model(
    tmp_path: Path, digits: tuple[np.ndarray, np.ndarray], with_validation: bool
) -> None:
    """Also where columns are drawn, and where early stopping has a state."""
    mask = np.arange(len(digits[1])) % 4 == 0 if with_validation else None
    rest: dict[str, Any] = {
        "params": {"colsample_bynode": 0.3},
        "is_validation": mask,
        "rounds": 40,
        "every": 4,
        "patience": Patience(5),
    }
    whole = train(make_task(tmp_path / "whole", *digits, **rest))
    task = make_task(tmp_path / "broken", *digits, **rest)
    for breaks_after in (6, 25):
        with pytest.raises(InterruptedError):
            train(task, breaks_after)
    found = train(task)
    del whole["seconds"], found["seconds"]
    assert found == whole
    # The best round is before the last checkpoint, and the end after it.
    assert (len(whole["history"]), whole["best_iteration"]) == (
        (27, 21) if with_validation else (40, 39)
    )


def test_early_stopping_keeps_the_learners_up_to_the_best_round(
    tmp_path: Path, digits: tuple[np.ndarray, np.ndarray]
) -> None:
    features = digits[0] + np.random.default_rng(0).normal(scale=8, size=digits[0].shape)
    mask = np.arange(len(features)) % 3 == 0
    task = make_task(
        tmp_path, features, digits[1], is_validation=mask, rounds=300, patience=Patience(5)
    )
    found = train(task)
    errors = [row["validation.error"] for row in found["history"]]
    best = int(np.argmin(errors))
    assert len(errors) == best + 6 < 300
    assert len(found["alphas"]) == rounds_of(found) == best + 1


def test_a_perfect_learner_is_the_last(tmp_path: Path) -> None:
    values = np.arange(40.0)[:, None]
    found = train(make_task(tmp_path, values, (values[:, 0] > 17).astype(int)))
    assert found["alphas"] == [1.0]
    assert rounds_of(found) == 1
    assert found["history"] == [
        {"round": 0, "train.error": 0.0, "learner.error": 0.0, "alpha": 1.0}
    ]


def test_training_ends_when_no_learner_is_better_than_chance(tmp_path: Path) -> None:
    """On one column without information the first learner names the class with more rows."""
    labels = np.arange(64) % 4 == 0
    found = train(make_task(tmp_path, np.zeros((64, 1)), labels.astype(int)))
    assert found["alphas"] == [pytest.approx(np.log(3))]
    assert rounds_of(found) == len(found["history"]) == 1


def test_a_first_learner_no_better_than_chance_is_refused(tmp_path: Path) -> None:
    labels = np.arange(64) % 2
    with pytest.raises(UserError, match=r"first tree gets 0\.5 of .* chance \(0\.5\).*max_depth"):
        train(make_task(tmp_path, np.zeros((64, 1)), labels))
    task = make_task(tmp_path, np.zeros((64, 1)), labels, weights=np.zeros(64))
    with pytest.raises(UserError, match="no training row has a positive weight"):
        train(task)


def test_a_great_learning_rate_breaks_nothing(
    tmp_path: Path, digits: tuple[np.ndarray, np.ndarray]
) -> None:
    task = replace(make_task(tmp_path, *digits, rounds=5), learning_rate=400.0)
    assert np.isfinite(train(task)["alphas"]).all()

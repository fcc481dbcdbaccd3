"""The arithmetic of SAMME: what scikit-learn makes of the same votes, trees as Gini's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.ensemble import AdaBoostClassifier as Theirs

from pipeline.boosting.adaboost import samme


@pytest.mark.parametrize("load", [load_breast_cancer, load_wine])
def test_the_same_votes_make_scikit_learns_scores_and_probabilities(load) -> None:
    features, labels = load(return_X_y=True)
    theirs = Theirs(n_estimators=10, learning_rate=0.7).fit(features, labels)
    votes = np.zeros((len(labels), theirs.n_classes_))
    for place, learner in enumerate(theirs.estimators_):
        alpha = samme.vote_of(theirs.estimator_errors_[place], theirs.n_classes_, 0.7)
        assert alpha == pytest.approx(theirs.estimator_weights_[place])
        samme.count(votes, learner.predict(features), alpha)
    scores = samme.decision(votes, float(theirs.estimator_weights_.sum()))
    expected = theirs.decision_function(features)
    found = scores if theirs.n_classes_ > 2 else scores[:, 1] - scores[:, 0]
    assert np.allclose(found, expected)
    assert np.allclose(samme.probabilities(scores), theirs.predict_proba(features))


def test_two_classes_have_the_gradients_of_the_log_loss_at_probability_one_half() -> None:
    first, second = samme.gradients(np.array([0, 1]), np.array([2.0, 4.0]), 2)
    assert first.tolist() == [1.0, -2.0]
    assert second.tolist() == [0.5, 1.0]
    assert first.dtype == second.dtype == np.float32


def test_several_classes_have_those_of_the_softmax_at_equal_probabilities() -> None:
    first, second = samme.gradients(np.array([2]), np.array([4.0]), 4)
    assert first.tolist() == [[1.0, 1.0, -3.0, 1.0]]
    assert second.tolist() == [[1.5] * 4]

"""A committee that scores without Spark: as good as scikit-learn's, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.ensemble import AdaBoostClassifier as Theirs
from sklearn.tree import DecisionTreeClassifier

from pipeline.errors import ModelError
from tests.boosting.adaboost.in_process import make_task, opened, train


@pytest.mark.parametrize(
    ("load", "depth"),
    [(load_breast_cancer, 1), (load_breast_cancer, 3), (load_wine, 1), (load_digits, 3)],
)
def test_unseen_rows_are_told_apart_as_well_as_by_scikit_learn(
    tmp_path: Path, load: Callable[..., Any], depth: int
) -> None:
    features, labels = load(return_X_y=True)
    is_test = np.random.default_rng(3).random(len(labels)) < 0.3
    task = make_task(
        tmp_path, features[~is_test], labels[~is_test], params={"max_depth": depth}, rounds=40
    )
    scores, probabilities = opened(task, train(task)).scores(features[is_test].astype(np.float32))
    found = (scores.argmax(axis=1) == labels[is_test]).mean()
    tree = DecisionTreeClassifier(max_depth=depth)
    theirs = Theirs(tree, n_estimators=40, random_state=0).fit(features[~is_test], labels[~is_test])
    assert found >= theirs.score(features[is_test], labels[is_test]) - 0.02
    assert (probabilities.argmax(axis=1) == scores.argmax(axis=1)).all()


def test_a_model_whose_files_do_not_belong_together_is_refused(tmp_path: Path) -> None:
    task = make_task(tmp_path, *load_breast_cancer(return_X_y=True), rounds=3)
    found = train(task)
    with pytest.raises(ModelError, match="3 learners and 2 votes"):
        opened(task, {**found, "alphas": found["alphas"][:2]})

"""What a saved ensemble opens to score."""

from __future__ import annotations

import pytest

from pipeline.bagging.predictor import facts_of, files_needed
from pipeline.errors import ModelError

NAMES = ["replica-000001.ubj", "ensemble-000002.ubj", "replica-000000.ubj", "out-of-bag-soft-2/p"]


def test_one_booster_is_all_that_is_needed_where_there_is_one() -> None:
    metadata = {"bagging": {"merged": "ensemble-000002.ubj"}}
    assert files_needed(metadata, NAMES) == ["ensemble-000002.ubj"]


def test_replicas_are_needed_where_there_is_none_or_their_spread_is_asked_for() -> None:
    replicas = ["replica-000000.ubj", "replica-000001.ubj"]
    assert files_needed({"bagging": {"merged": None}}, NAMES) == replicas
    metadata = {"bagging": {"merged": "ensemble-000002.ubj"}}
    found = files_needed(metadata, NAMES, needs_members=True)
    assert found == ["ensemble-000002.ubj", *replicas]


def test_models_of_earlier_builds_are_refused_with_a_sentence() -> None:
    with pytest.raises(ModelError, match=r"saved by an earlier build .* train it again"):
        facts_of({"kind": "bagging"})

"""Params that name columns: the places XGBoost gets, and errors that name the column."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.boosting import places
from pipeline.data.encoding import Feature, FeatureSchema
from pipeline.errors import UserError

TABLE = FeatureSchema(
    (
        Feature("age", "numeric"),
        Feature("city", "categorical", ("a", "b")),
        Feature("is_new", "boolean"),
    )
)
VECTOR = FeatureSchema(vector="v", size=3)


@pytest.mark.parametrize(
    "given",
    [
        {"is_new": -1, "age": 1},
        {0: 1, 2: -1},
        [1, 0, -1],
        (1, 0, -1),
        "(1,0,-1)",
        "1, 0, -1",
    ],
)
def test_monotone_constraints_are_said_by_name_by_place_or_as_a_text(given: Any) -> None:
    assert places.monotone(given, TABLE) == "(1,0,-1)"


def test_entries_of_a_vector_have_names_too() -> None:
    assert places.monotone({"v[2]": 1}, VECTOR) == "(0,0,1)"
    assert places.interactions([["v[0]", 2]], VECTOR) == "[[0,2]]"


def test_what_is_not_given_is_not_said() -> None:
    assert places.monotone(None, TABLE) is None
    assert places.interactions(None, TABLE) is None
    assert places.weights(None, TABLE) == ()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"ago": 1}, r"there is no column ago; did you mean age\?"),
        ({"zzz": 1}, "there is no column zzz; the columns are age, city, is_new"),
        ({3: 1}, "there is no column 3; places go from 0 to 2"),
        ({"age": 2}, "2 is none of 1, 0 and -1"),
        ({"age": "up"}, "'up' is not a number"),
        ({"age": True}, "True is not a number"),
        ({"city": 1}, "city is a category, which has no order"),
        ([1, 0], "has 2 entries, the table 3 columns"),
        (1, "must be a map by name or a list by place, not 1"),
    ],
)
def test_a_monotone_constraint_that_cannot_be_is_refused(given: Any, sentence: str) -> None:
    with pytest.raises(UserError, match=f"^monotone_constraints:? {sentence}"):
        places.monotone(given, TABLE)


def test_interactions_are_groups_of_names_and_places() -> None:
    assert places.interactions([["age", 2], ["city"]], TABLE) == "[[0,2],[1]]"
    assert places.interactions("[[0,2],[1]]", TABLE) == "[[0,2],[1]]"
    with pytest.raises(UserError, match=r"interaction_constraints: there is no column citi; did"):
        places.interactions([["citi"]], TABLE)
    with pytest.raises(UserError, match="interaction_constraints must be a list of lists"):
        places.interactions(["age", "city"], TABLE)


def test_columns_are_drawn_by_weights() -> None:
    assert places.weights({"city": 3, "is_new": 0}, TABLE) == (1.0, 3.0, 0.0)
    assert places.weights([0, 2.5, 1], TABLE) == (0.0, 2.5, 1.0)
    for given in ([0, 0, 0], [-1, 1, 1]):
        with pytest.raises(UserError, match="feature_weights must be at least 0, and one of them"):
            places.weights(given, TABLE)


def test_types_follow_from_the_columns_or_are_given_for_a_vector() -> None:
    assert places.types(None, TABLE) == ("q", "c", "q")
    assert places.types(["int", "c", "q"], TABLE) == ("int", "c", "q")
    assert places.types(["q", "c", "c"], VECTOR) == ("q", "c", "c")
    with pytest.raises(UserError, match="feature_types has 2 entries, the table 3 columns"):
        places.types(["q", "c"], VECTOR)
    with pytest.raises(UserError, match="feature_types: city holds text, so it is c, not q"):
        places.types(["q", "q", "q"], TABLE)

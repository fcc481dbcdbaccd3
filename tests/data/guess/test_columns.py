import pytest

from pipeline.data.guess.columns import guess_roles, is_leak, may_leak
from pipeline.data.guess.label import LabelGuess
from pipeline.errors import DataError
from tests.data.guess.fact_samples import number, other, row_number, text, whole

LABEL = LabelGuess("y", "a usual name of a label")


def guesses(*columns, leaks=()):
    return guess_roles([*columns, text("y", 2)], LABEL, leaks)


def guessed(column, *others):
    found = guesses(number("plain"), *others, column)[column.name]
    return found.role, found.reason


@pytest.mark.parametrize(
    ("column", "role", "reason"),
    [
        (number("n", nulls=3, nans=4), "feature", "numbers from 0.5 to 99.5; missing in 7 of 1,0"),
        (whole("n", 5), "feature", "whole numbers from 0 to 4"),
        (text("t", 5), "feature", "5 categories: a, b, c, d, …"),
        (text("t", 500), "feature", "500 categories"),
        (other("b", "boolean", "boolean", distinct=2), "feature", "true or false"),
        (whole("user_id", 700), "feature", "an identifier that repeats, by its name? then drop it"),
        (number("Weight"), "feature", "if it is the weight of the row, name it columns.weight"),
        (number("sample_weight"), "weight", "its name; numbers from 0.5"),
        (number("sample_weight", least=-1.0), "feature", "numbers from -1.0"),
        (text("uuid", 1_000), "key", "its name, and it is another one in every row"),
        (row_number("id", 1), "key", "its name"),
        (whole("order_no_key", 1_000, least=50), "key", "its name"),
        (row_number("index"), "drop", "a row number, 0 to 999"),
        (row_number("anything", 1), "drop", "a row number, 1 to 1000"),
        (
            other("t", "date", "time", least="2024-01-01", greatest="2024-02-01"),
            "time",
            "a date, 2",
        ),
        (other("t", "void", "null", nulls=1_000), "drop", "no value in any row"),
        (number("n", 0, nans=1_000), "drop", "no value in any row"),
        (text("t", 1), "drop", "constant: a in every row"),
        (text("t", 1, nulls=5), "feature", "1 categories: a; missing in 5 of 1,000 rows"),
        (
            text("t", 501),
            "drop",
            "free text or an identifier: 501 different ones in 1,000 rows; a text can be "
            "columns.text",
        ),
        (text("t", 70_000), "drop", "more than 65,536"),
        (number("n", infinite=2), "drop", "infinite, or beyond float32, in 2 of 1,000 rows; to"),
        (other("m", "map<string,int>", "nested"), "drop", "a type that is no feature"),
        (other("v", "vector", "vector", shortest=2, longest=2), "drop", "beside other features"),
        (number("prediction"), "drop", "the jobs add a column of this name"),
        (number(""), "drop", "it has no name"),
    ],
)
def test_a_column_gets_a_role_and_the_reason(column, role, reason):
    found = guessed(column)
    assert found[0] == role
    assert reason in found[1]


def test_only_the_first_key_and_the_first_time_have_the_role():
    days = [other(name, "date", "time") for name in ("begin", "end")]
    found = guesses(number("n"), text("uuid", 1_000), text("key", 1_000), *days)
    roles = {name: guess.role for name, guess in found.items()}
    assert roles == {
        "n": "feature",
        "uuid": "key",
        "key": "drop",
        "begin": "time",
        "end": "drop",
        "y": "label",
    }


def test_a_column_of_vectors_is_all_the_features_when_it_is_alone():
    vector = other("v", "array<double>", "vector", shortest=3, longest=3)
    assert guesses(text("id", 1_000), vector)["v"].role == "vector"
    assert guesses(vector)["v"].reason == "vectors of length 3, the only features"


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"nulls": 2, "shortest": 3, "longest": 3}, "null in 2 of 1,000 rows"),
        ({"shortest": 1, "longest": 3}, "vectors of different lengths, 1 to 3"),
    ],
)
def test_without_a_usable_column_the_reasons_are_told(facts, said):
    with pytest.raises(DataError, match="no column is left to predict y from") as caught:
        guesses(other("v", "array<double>", "vector", **facts))
    assert said in str(caught.value)


def test_a_column_that_says_the_label_in_other_words_is_kept_out():
    label, code, third = text("y", 3), whole("code", 3), whole("third", 3)
    facts = [code, third, whole("many", 30), text("two", 2), text("gaps", 2, nulls=5), label]
    assert may_leak(facts, LABEL) == [0, 1, 4]
    assert is_leak(code, label, pairs=3)
    assert not is_leak(third, label, pairs=4)
    found = guess_roles(facts, LABEL, ["code"])
    assert found["code"].role == "drop"
    assert found["code"].reason.startswith("decides the label alone: a leak?")
    assert found["third"].role == "feature"

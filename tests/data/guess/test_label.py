import pytest

from pipeline.data.guess.label import guess_label, short
from pipeline.errors import DataError
from tests.data.guess.fact_samples import number, other, row_number, text, whole


def refused(facts, given=None):
    with pytest.raises(DataError) as caught:
        guess_label(facts, given)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_usual_name_wins_over_places_and_the_others_are_told():
    found = guess_label([text("a"), text("Target"), whole("z", 2)])
    assert (found.name, found.others) == ("Target", ("a", "z"))
    assert found.reason == "a usual name of a label"


def test_without_a_usual_name_the_last_column_then_the_first_then_the_last_with_few_values():
    assert guess_label([text("a"), number("b"), whole("c", 2)]).name == "c"
    assert guess_label([text("a"), whole("b", 5), number("c")]).name == "a"
    found = guess_label([number("a"), text("b"), text("c"), number("d")])
    assert (found.name, found.others) == ("c", ("b",))


def test_a_usual_name_is_passed_over_when_the_column_is_a_number_to_predict():
    assert guess_label([number("target", 900), text("b")]).name == "b"


@pytest.mark.parametrize(
    "column",
    [
        text("b", nulls=1),
        text("b", 1),
        text("b", 21),
        whole("sample_weight", 3),
        other("b", "date", "time", distinct=3),
        number("b", 2, infinite=1),
        whole("split", 3),
    ],
)
def test_columns_that_are_never_guessed(column):
    assert guess_label([number("n"), text("a"), number("m"), column]).name == "a"


def test_no_usable_column_is_told_in_one_sentence():
    said = refused([number("a"), row_number("b")])
    assert said.startswith("no column can be the label: none of 2 has 2 to 20 classes")
    assert said.endswith("name one: --label COLUMN")


def test_the_given_label_may_have_many_classes():
    assert guess_label([whole("a", 90), text("b")], "a").is_given
    assert guess_label([text("a", 400), text("b")], "a").name == "a"


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (number("y", 77), "77 different numbers from 0.5 to 99.5: it is a number to predict"),
        (whole("y", 400), "the jobs do no regression yet"),
        (number("y", 2, nulls=2, nans=3), "null or NaN in 5 of 1,000 rows; remove these rows"),
        (text("y", 1), "is a in all 1,000 rows; there must be at least two classes"),
        (number("y", 2, infinite=4), "infinite in 4 of 1,000 rows"),
        (text("y", 1_000), "another one in every row"),
        (text("y", 1_000_000), "1,000,000 different values; the most classes are 1,000"),
        (other("y", "map<string,int>", "nested"), "is a map<string,int>; a label must be"),
        (text("prediction"), "or one that the jobs need"),
    ],
)
def test_a_given_label_that_cannot_be_one_is_refused_with_the_reason(column, said):
    message = refused([text("a"), column], column.name)
    assert message.startswith(f"--label: {column.name} ")
    assert said in message


def test_a_mistyped_label_is_told_with_the_nearest_column():
    assert "did you mean churned?" in refused([text("churned")], "churn")


def test_values_are_cut_and_quoted_so_that_a_list_of_them_can_be_read():
    found = [short(value) for value in ("plain", "a, b", "", " x", "y" * 30, 2.5, True)]
    assert found == ["plain", '"a, b"', '""', '" x"', f"{'y' * 19}…", "2.5", "True"]

import pytest

from pipeline.data.guess.missing_marks import commonest, marked_columns


@pytest.fixture(scope="module")
def df(spark):
    rows = [
        ("1", "NA", "a", "?", "1", "NA", None, "1", "-"),
        ("-2.5e3", "NA", "NA", "7", "?", "3", None, "nan", "-1"),
        ("?", None, "b", "8", "NA", " 4 ", None, "2", "5"),
    ]
    names = ["a", "only.marks", "words", "b", "two", "c", "nothing", "d", "e"]
    return spark.createDataFrame(rows, ", ".join(f"`{name}` string" for name in names))


def test_columns_of_numbers_and_one_mark_are_found(df):
    found = marked_columns(df, df.columns)
    assert found == {"a": "?", "b": "?", "c": "NA", "d": "nan", "e": "-"}


def test_without_text_columns_there_is_nothing_to_find(df):
    assert marked_columns(df, []) == {}


def test_the_mark_of_the_most_columns_is_the_one():
    assert commonest({"a": "?", "b": "NA", "c": "NA"}) == "NA"
    assert commonest({}) is None

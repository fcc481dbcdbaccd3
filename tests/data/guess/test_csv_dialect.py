import pytest

from pipeline.data.guess.csv_dialect import dialect_of, renamed


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found(separator):
    lines = [separator.join(row) for row in (["name", "size"], ["a b", "1.5"], ["c, d; e|", "2"])]
    if separator in ",;|":
        lines = lines[:2]
    assert dialect_of(lines).separator == separator


def test_decimal_commas_are_not_taken_for_separators():
    assert dialect_of(["a;b;c", "1,5;2,5;3,5", "4,5;5,5;6,5"]).separator == ";"


def test_text_in_quotes_may_hold_separators_and_run_over_lines():
    lines = ['id,text,"a, b"', *[f'{n},"x; y, {n}",1' for n in range(30)], '31,"first', 'last",1']
    assert dialect_of(lines).separator == ","


@pytest.mark.parametrize("lines", [[], ["a"], ["just a word", "and another, here", "x;y;z"]])
def test_when_nothing_divides_the_lines_it_is_a_comma(lines):
    assert dialect_of(lines).separator == ","


def test_a_first_line_of_numbers_only_is_no_header():
    assert not dialect_of(["5.1,3.5,1", "4.9,3.0,0"]).has_header
    assert dialect_of(["5.1,3.5,setosa", "4.9,3.0,setosa"]).has_header
    assert dialect_of(["a,nan,inf", "1,2,3"]).has_header


def test_a_space_after_all_separators_is_found():
    assert dialect_of(["a, b, c", "1, 2, 3", "4, 5, 6"]).skips_space
    assert not dialect_of(["a,b,c", "1,2, 3", "4,5,6"]).skips_space


def test_names_that_spark_replaces_are_told():
    told = renamed(dialect_of([",a,A,b,", "1,2,3,4,5"]))
    assert told == [
        "2 columns have no name in the header; Spark calls them _c0, _c4.",
        "The header has a 2 times (case does not count); Spark calls them a1, A2.",
    ]
    assert renamed(dialect_of(["a,b", "1,2"])) == []

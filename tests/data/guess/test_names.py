import pytest

from pipeline.data.guess.names import is_identifier, is_reserved, is_row_number, is_weight


@pytest.mark.parametrize(
    "name", ["id", "ID", "user_id", "userId", "orderID", "uuid", "row key", "index", "Rownum"]
)
def test_names_of_identifiers(name):
    assert is_identifier(name)


@pytest.mark.parametrize("name", ["humid", "paid", "android", "monkey", "GRID", "idea", "width"])
def test_words_that_only_end_alike_are_no_identifiers(name):
    assert not is_identifier(name)


@pytest.mark.parametrize("name", ["", "_c0", "Unnamed: 0", "index", "row_number"])
def test_names_that_readers_give_to_row_numbers(name):
    assert is_row_number(name)


def test_weight_alone_may_be_the_weight_of_a_thing():
    assert is_weight("sample_weight")
    assert is_weight("Case Weight")
    assert not is_weight("weight")


def test_names_that_the_jobs_add_are_reserved_in_any_case():
    assert is_reserved("Split")
    assert not is_reserved("splits")

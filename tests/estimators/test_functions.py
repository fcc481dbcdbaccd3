"""Functions of the user's own, by their import path."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from pipeline.errors import UserError
from pipeline.estimators.functions import is_path, load, path_of, short_name
from tests.boosting import own_functions

HERE = "tests.boosting.own_functions"


@pytest.mark.parametrize("name", ["binary:logistic", "rmse", "error@0.5", "ndcg@10-", "mod.5"])
def test_names_of_xgboosts_are_no_paths(name: str) -> None:
    assert not is_path(name)
    assert short_name(name) == name


def test_a_function_is_found_by_its_path() -> None:
    path = path_of(own_functions.squared)
    assert path == f"{HERE}.squared"
    assert is_path(path)
    assert short_name(path) == "squared"
    assert load(path) is own_functions.squared


class _Callable:
    def __call__(self) -> None:
        return None


@pytest.mark.parametrize(
    "function", [lambda: 1, _Callable.__call__, _Callable(), partial(own_functions.halving, 1)]
)
def test_what_has_no_path_is_refused(function: Any) -> None:
    with pytest.raises(UserError, match="cannot be imported on executors; put it at the top"):
        path_of(function)


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        (f"{HERE}.squarred", f"there is no squarred in module {HERE}"),
        ("no.such.module.f", "module no.such.module cannot be imported: No module named 'no'"),
        (f"{HERE}.NUMBER", f"{HERE}.NUMBER is no function"),
    ],
)
def test_a_path_that_leads_nowhere_is_an_error_that_says_so(path: str, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        load(path)

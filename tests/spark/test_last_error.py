from __future__ import annotations

import pytest

from pipeline.spark.causes import GONE
from pipeline.spark.last_error import last_error


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("reading\nerror: first\nerror: column y is not there\nfull log: x\n", "column y is not"),
        ("Exception: User class threw exception: java.io.IOException: no\n", "java.io.IOException"),
        (f'error: {GONE}: x\nException in thread "main" o.a.s.SparkException: y\n', "o.a.s.Spark"),
    ],
)
def test_what_was_said_last_is_found(text: str, expected: str) -> None:
    assert last_error(text).startswith(expected)


@pytest.mark.parametrize(
    "text",
    ["all is well", "User class threw exception: org.apache.spark.SparkUserAppException: User"],
)
def test_where_nothing_says_why_nothing_is_found(text: str) -> None:
    assert last_error(text) == ""

"""The effective config as YAML."""

from __future__ import annotations

from typing import Any

import yaml

from pipeline.cli.config_listing import listing
from pipeline.config import Entry


def _entry(key: str, value: Any, origin: str = "x.yaml:1", raw: str | None = None) -> Entry:
    return Entry(tuple(key.split("/")), value, origin, raw)


def test_sections_are_blocks_whose_comments_stand_in_a_column() -> None:
    entries = [
        _entry("name", "a"),
        _entry("source/kind", "csv", "x.yaml:2"),
        _entry("source/options/sep", ";", "--set"),
        _entry("seed", 1, "default"),
        _entry("output", "o/2", "x.yaml:3", "o/${date:%d}"),
        _entry("spark/spark.a.b", 8, "x.yaml:5"),
    ]
    assert listing(entries) == (
        "name: a  # x.yaml:1\n"
        "\n"
        "source:\n"
        "  kind: csv  # x.yaml:2\n"
        "  options:\n"
        "    sep: ;   # --set\n"
        "\n"
        "seed: 1      # default\n"
        "output: o/2  # x.yaml:3, from o/${date:%d}\n"
        "\n"
        "spark:\n"
        "  spark.a.b: 8  # x.yaml:5\n"
    )


def test_a_long_list_has_an_item_a_line() -> None:
    text = listing([_entry("columns/features", [f"column {index}" for index in range(20)])])
    assert text.startswith("columns:\n  features:  # x.yaml:1\n    - column 0\n    - column 1\n")


def test_a_secret_and_its_text_are_hidden() -> None:
    entry = _entry("spark/spark.a.token", "xyz", "x.yaml:1", "${env:T:xyz}")
    assert listing([entry]) == "spark:\n  spark.a.token: '********'  # x.yaml:1, hidden\n"


def test_any_value_can_be_read_again() -> None:
    values: dict[str, Any] = {
        "a b: c": "x: y # no comment",
        "text": "two\nlines",
        "number": "007",
        "unicode": "é ü",
        "none": None,
        "small": 1e-5,
        "long": ["- x", "a\nb", "[", "y" * 80, ""],
        "yes": ["on", True],
        "map": {},
    }
    text = listing([_entry(key, value) for key, value in values.items()])
    assert yaml.safe_load(text) == values


def test_a_literal_dollar_brace_is_written_as_it_must_be_read() -> None:
    assert listing([_entry("name", "a${date}")]) == "name: a$${date}  # x.yaml:1\n"


def test_a_text_of_several_lines_stays_a_comment() -> None:
    text = listing([_entry("name", "a b", raw="a\n${env:B}")])
    assert text == "name: a b  # x.yaml:1, from a ${env:B}\n"

"""`${date}` and `${env:NAME}`."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.config import DATE_VARIABLE, load
from pipeline.config.document import parse
from pipeline.config.interpolation import escaped, interpolate
from tests.config.samples import FREE, Job, problems, written

DAY = date(2026, 11, 22)


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(DATE_VARIABLE, raising=False)
    monkeypatch.delenv("UNSET", raising=False)
    for name, value in {"NUMBER": "7", "WORD": "a: [b]", "EMPTY": "", "YES": "true"}.items():
        monkeypatch.setenv(name, value)


def _value(yaml: str) -> Any:
    document = parse(f"key: {yaml}\n", "x.yaml")
    interpolate(document, DAY)
    assert document.problems == []
    return document.data["key"]


@pytest.mark.parametrize(
    ("yaml", "value"),
    [
        ("out/${date}", "out/2026-11-22"),
        ("${date}", "2026-11-22"),
        ("${date:%Y/%m}/x", "2026/11/x"),
        ("${date:%G-W%V}", "2026-W47"),
        ("${date:100%%}", "100%"),
        ("${env:NUMBER}", 7),
        ("'${env:NUMBER}'", "7"),
        ("a${env:NUMBER}", "a7"),
        ("${env:NUMBER}${env:NUMBER}", "77"),
        ("${env:YES}", True),
        ("${env:WORD}", "a: [b]"),
        ("${env:EMPTY}", None),
        ("${env:UNSET:}", None),
        ("${env:UNSET:0.5}", 0.5),
        ("${env:UNSET:s3://b/c}", "s3://b/c"),
        ("${env:NUMBER:8}", 7),
        ("${env:UNSET:2013-02-30}", "2013-02-30"),
        ("$${date} costs $5", "${date} costs $5"),
        ("$${env:NUMBER}", "${env:NUMBER}"),
        ("['${date}', {a: '${env:NUMBER}'}]", ["2026-11-22", {"a": "7"}]),
        ("{'${date}': 1}", {"${date}": 1}),
    ],
)
def test_values_are_replaced(yaml: str, value: Any) -> None:
    assert _value(yaml) == value


@pytest.mark.parametrize(
    ("yaml", "words"),
    [
        ("${dat}", "${dat} is unknown; known: ${date}, "),
        ("${}", "${} is unknown"),
        ("${env}", "${env} is unknown"),
        ("a ${date", "${ without its }; write $${ for a literal ${"),
        (
            "${env:UNSET}",
            "the environment variable UNSET is not set; set it, or write ${env:UNSET:",
        ),
        ("${env:}", "'' is not the name of a variable"),
        ("${env:A B}", "'A B' is not the name of a variable"),
        ("${date:}", "${date:} has no pattern"),
        ("${date:%H}", "%H is not a part of a day"),
        ("${date:%}", "% is not a part of a day"),
        ("${__import__('os')}", "is unknown"),
        ("${env:${env:NUMBER}}", "${ without its }"),
    ],
)
def test_what_cannot_be_replaced_is_refused_with_line_and_key(
    tmp_path: Path, yaml: str, words: str
) -> None:
    (found,) = problems(written(tmp_path, f'name: x\nseed: "{yaml}"\n'))
    assert found.startswith("job.yaml:2: seed: ")
    assert words in found


def test_overrides_are_interpolated_too(tmp_path: Path) -> None:
    path = written(tmp_path, "name: x\n")
    found = load(Job, path, ["name=${date:%j}", "seed=${env:NUMBER}"], today=DAY)
    assert (found.name, found.seed) == ("326", 7)
    (problem,) = problems(path, "name=${env:UNSET}")
    assert problem.startswith("--set name=${env:UNSET}: name: the environment variable UNSET is")


def test_a_key_of_the_file_is_not_read_when_it_is_overridden(tmp_path: Path) -> None:
    assert load(Job, written(tmp_path, "name: ${env:UNSET}\n"), ["name=y"]).name == "y"


def test_a_run_over_midnight_has_one_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, "name: ${date}\n")
    monkeypatch.setenv(DATE_VARIABLE, "2020-02-29")
    assert load(Job, path).name == "2020-02-29"
    assert load(Job, path, today=DAY).name == "2026-11-22"


def test_without_a_given_date_it_is_the_utc_day(tmp_path: Path) -> None:
    before = datetime.now(UTC).date()
    found = load(Job, written(tmp_path, "name: ${date}\n")).name
    assert found in (before.isoformat(), datetime.now(UTC).date().isoformat())


@pytest.mark.parametrize("text", ["2026-13-01", "20261122", "today", ""])
def test_a_date_of_the_run_that_is_none_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv(DATE_VARIABLE, text)
    assert problems(written(tmp_path, "name: ${date}\n")) == [
        f"job.yaml:1: name: the environment variable EMR_ENSEMBLES_DATE is {text!r}, "
        "not a date as 2026-11-22"
    ]
    assert load(Job, written(tmp_path, "name: x\n"), free=FREE).name == "x"


@pytest.mark.parametrize("text", ["${date}", "$${x}", "$$${env:UNSET}", "a$", "plain"])
def test_escaped_text_is_read_as_it_was(text: str) -> None:
    document = parse("key: x\n", "x.yaml")
    document.data["key"] = escaped(text)
    interpolate(document, DAY)
    assert document.data["key"] == text

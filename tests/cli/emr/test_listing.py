from __future__ import annotations

import json

import pytest

from tests.cli.emr.launching import Launching
from tests.emr.lossy import Loss


@pytest.fixture
def two(launched: Launching, capsys: pytest.CaptureFixture[str]) -> Launching:
    """Two clusters; the first has ended."""
    assert launched.create("--no-wait", "--unchecked") == 0
    first = capsys.readouterr().out.strip()
    assert launched.emr("terminate", first) == 0
    assert launched.create("--no-wait", "--unchecked", "--set", "root_volume_gb=50") == 0
    capsys.readouterr()
    return launched


def rows(text: str, name: str) -> list[list[str]]:
    return [line.split(maxsplit=3) for line in text.splitlines() if name in line]


def test_what_costs_something_is_listed(two: Launching, capsys: pytest.CaptureFixture[str]) -> None:
    assert two.emr("list") == 0
    said = capsys.readouterr().out
    assert said.splitlines()[0].split() == ["id", "name", "state", "age"]
    [row] = rows(said, two.name)
    assert row[2] == "WAITING"
    assert row[3].endswith(" s")


def test_all_also_shows_those_that_have_ended(
    two: Launching, capsys: pytest.CaptureFixture[str]
) -> None:
    assert two.emr("list", "--all") == 0
    found = rows(capsys.readouterr().out, two.name)
    assert sorted(row[2] for row in found) == ["TERMINATED", "WAITING"]


def test_programs_get_json(two: Launching, capsys: pytest.CaptureFixture[str]) -> None:
    assert two.emr("list", "--all", "--json") == 0
    found = [each for each in json.loads(capsys.readouterr().out) if two.name in each["name"]]
    assert {each["state"] for each in found} == {"TERMINATED", "WAITING"}
    assert all(each["created"].endswith("+00:00") for each in found)


def test_a_lost_answer_is_asked_for_again(
    two: Launching, capsys: pytest.CaptureFixture[str]
) -> None:
    two.proxy.lose("ListClusters", Loss.DROPPED, Loss.THROTTLED)
    assert two.emr("list") == 0
    assert len(rows(capsys.readouterr().out, two.name)) == 1


def test_where_there_are_none_it_says_so(
    launched: Launching, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = {"Id": "j-1", "Name": "theirs", "Status": {"State": "WAITING"}}
    launched.proxy.answer("ListClusters", lambda _: {"Clusters": [theirs]})
    assert launched.emr("list") == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.endswith("no clusters in us-east-1; --all also shows those that have ended\n")
    assert launched.emr("list", "--json") == 0
    assert json.loads(capsys.readouterr().out) == []

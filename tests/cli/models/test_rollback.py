"""Returns to earlier champions."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.cli.models.rollback import rollback
from pipeline.errors import UserError
from pipeline.store import champions, model_directory
from tests.cli.models.made import Day, first_champion, next_day


def three(place: str) -> Day:
    """Three champions, each better than the one before."""
    day = first_champion(place, "1", 0.8)
    for number in (2, 3):
        day = next_day(day, f"2026-11-0{number}", boosting=str(number))
        day.report(boosting=0.8 + number / 100, champion=0.8)
        assert day.promote().name == "promoted"
    return day


def content(day: Day) -> str:
    return model_directory.read(day.champion().model_uri)[1]["model"].decode()


def test_the_one_before_is_champion_again_and_the_history_stays(place: str) -> None:
    day = three(place)
    before = champions.history(day.job.champions_uri)
    outcome = rollback(day.job.champions_uri, command={"command": "models rollback"})
    assert (outcome.name, content(day)) == ("rolled back", "2")
    assert outcome.sentence == (
        "boosting is champion number 4 now: the model of number 2, in the place of number 3 "
        "(boosting)"
    )
    assert champions.history(day.job.champions_uri)[:3] == before
    record = day.champion().record
    assert (record["kind"], record["to"], record["over"]["number"]) == ("rollback", 2, 3)
    assert record["command"] == {"command": "models rollback"}


def test_each_further_rollback_goes_one_further_back(tmp_path: Any) -> None:
    day = three(str(tmp_path))
    rollback(day.job.champions_uri)
    rollback(day.job.champions_uri)
    assert content(day) == "1"
    with pytest.raises(UserError, match=r"was the first, there is none before it; --to NUMBER"):
        rollback(day.job.champions_uri)


def test_any_earlier_one_is_returned_to_by_its_number(tmp_path: Any) -> None:
    day = three(str(tmp_path))
    rollback(day.job.champions_uri, to=1)
    assert content(day) == "1"
    rollback(day.job.champions_uri, to=3)
    assert content(day) == "3"
    rollback(day.job.champions_uri, to=4)  # itself a return, to 1
    assert content(day) == "1"
    with pytest.raises(UserError, match="no champion number 9; there are: 1, 2, 3, 4, 5, 6"):
        rollback(day.job.champions_uri, to=9)


def test_to_return_to_the_present_one_changes_nothing(tmp_path: Any) -> None:
    day = three(str(tmp_path))
    assert rollback(day.job.champions_uri, to=3).name == "unchanged"
    assert day.champion().number == 3


def test_a_model_that_was_rolled_back_is_not_promoted_again_by_a_retry(tmp_path: Any) -> None:
    day = three(str(tmp_path))
    rollback(day.job.champions_uri)
    outcome = day.promote()
    assert outcome.name == "stays"
    assert "was champion number 3, and was rolled back; --force promotes it" in outcome.sentence
    assert day.promote(force=True).name == "promoted"
    assert content(day) == "3"


def test_after_a_rollback_a_new_model_is_compared_with_the_one_returned_to(tmp_path: Any) -> None:
    day = three(str(tmp_path))
    rollback(day.job.champions_uri)
    day = next_day(day, "2026-11-04", boosting="4")
    day.report(boosting=0.85, champion=0.82)
    assert day.promote().name == "promoted"
    assert day.champion().record["over"]["number"] == 4
    rollback(day.job.champions_uri)  # back over the return, to the model that it went back to
    assert content(day) == "2"


def test_where_nothing_was_promoted_there_is_nothing_to_return_to(tmp_path: Any) -> None:
    with pytest.raises(UserError, match="no champion yet, so there is none to return to"):
        rollback(Day(str(tmp_path)).job.champions_uri)

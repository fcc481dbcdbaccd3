"""Which model becomes champion, and what is kept of the decision."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline import files
from pipeline.cli.models import promotion
from pipeline.cli.output_places import model_uri
from pipeline.errors import ConflictError, UserError
from pipeline.store import champions, model_directory
from tests.cli.models.made import Day, first_champion, next_day


def test_the_first_of_a_name_is_promoted_and_that_nothing_was_compared_is_said(
    place: str,
) -> None:
    day = Day(place)
    day.train(bagging="bag", boosting="trees")
    day.report(bagging=0.81, boosting=0.79)
    outcome = day.promote()
    assert (outcome.name, outcome.champion.number, outcome.champion.trainer) == (
        "promoted",
        1,
        "bagging",
    )
    assert outcome.sentence == (
        "bagging is champion number 1 now: without a comparison, there was no champion"
    )
    record = day.champion().record
    assert record["compared"] is False
    assert record["over"] is None
    assert (record["metric"], record["value"], record["margin"]) == ("auc", 0.81, 0.0)
    assert record["data_fingerprint"] == "2026-11-01"
    assert record["run"] == "run-2026-11-01"
    assert record["report"].endswith("/report.json")
    assert record["model"] == model_uri(day.job.output, "bagging") + "@1"


def test_a_champion_outlives_the_output_that_it_came_from(place: str) -> None:
    day = first_champion(place)
    day.train(boosting="another")  # if_exists: overwrite deletes what it replaces
    _, natives = model_directory.read(day.champion().model_uri)
    assert natives == {"model": b"first", "more/part": b"x"}
    files.delete(day.job.output)
    _, natives = model_directory.read(day.champion().model_uri)
    assert natives == {"model": b"first", "more/part": b"x"}


def test_a_better_model_of_the_next_day_takes_its_place(place: str) -> None:
    day = next_day(first_champion(place, margin=0.005), "2026-11-02", boosting="b", deep="d")
    day.report(boosting=0.79, deep=0.8091, champion=0.8031)
    outcome = day.promote()
    assert outcome.name == "promoted"
    assert outcome.sentence == (
        "deep is champion number 2 now: auc 0.8091 of deep is 0.006 better than the 0.8031 of "
        "champion number 1 (boosting) on the same test rows, and the margin is 0.005"
    )
    record = day.champion().record
    assert (record["compared"], record["champion_value"], record["gain"]) == (True, 0.8031, 0.006)
    assert record["over"]["number"] == 1
    assert model_directory.read(day.champion().model_uri)[1]["model"] == b"d"


@pytest.mark.parametrize(
    ("more", "champion", "value", "how"),
    [
        ({"margin": 0.01}, 0.80, 0.809, "0.009 better than"),
        ({"margin": 0.0}, 0.80, 0.80, "the same as"),
        ({"margin": 0.0}, 0.80, 0.70, "0.1 worse than"),
        ({"metric": "log_loss"}, 0.40, 0.41, "0.01 worse than"),
    ],
)
def test_the_champion_stays_when_a_model_is_not_better_by_the_margin(
    tmp_path: Any, more: dict[str, Any], champion: float, value: float, how: str
) -> None:
    day = Day(str(tmp_path), promotion=more)
    metric = day.job.promotion.metric
    day.train(boosting="first")
    day.report(metric=metric, boosting=champion)
    day.promote()
    day = next_day(day, "2026-11-02", boosting="second")
    day.report(metric=metric, boosting=value, champion=champion)
    outcome = day.promote()
    assert outcome.name == "stays"
    assert outcome.sentence.startswith("champion number 1 (boosting) stays: ")
    assert how in outcome.sentence
    assert outcome.to_json()["promoted"] is False
    assert day.champion().number == 1


def test_the_model_with_the_lowest_loss_is_the_best_one(tmp_path: Any) -> None:
    day = Day(str(tmp_path), promotion={"metric": "log_loss"})
    day.train(boosting="a", deep="b")
    day.report(metric="log_loss", boosting=0.41, deep=0.40)
    assert day.promote().champion.trainer == "deep"


def test_a_named_model_is_promoted_though_another_is_better(tmp_path: Any) -> None:
    day = Day(str(tmp_path))
    day.train(boosting="a", deep="b")
    day.report(boosting=0.9, deep=0.8)
    assert day.promote(model="deep").champion.trainer == "deep"
    with pytest.raises(UserError, match=r"no model bagging; those of the report are: boosting, d"):
        day.promote(model="bagging")


def test_to_promote_twice_changes_nothing(tmp_path: Any) -> None:
    day = first_champion(str(tmp_path))
    outcome = day.promote()
    assert outcome.name == "unchanged"
    assert "is this very model of boosting already: nothing changed" in outcome.sentence
    assert day.champion().number == 1


def test_a_report_made_before_there_was_the_champion_cannot_tell(tmp_path: Any) -> None:
    day = next_day(first_champion(str(tmp_path)), "2026-11-02", boosting="second")
    day.report(boosting=0.9)
    with pytest.raises(UserError, match=r"was made before there was champion number 1.*again"):
        day.promote()
    assert day.champion().number == 1


def test_a_report_that_compares_with_another_champion_cannot_tell(tmp_path: Any) -> None:
    first = first_champion(str(tmp_path))
    third = next_day(first, "2026-11-03", boosting="third")
    third.report(boosting=0.95, champion=0.8)
    second = next_day(first, "2026-11-02", boosting="second")
    second.report(boosting=0.9, champion=0.8)
    assert second.promote().name == "promoted"
    with pytest.raises(UserError, match=r"compares with number 1 .*, not with champion number 2"):
        third.promote()


def test_a_champion_that_could_not_be_evaluated_is_replaced_by_force_alone(tmp_path: Any) -> None:
    day = next_day(first_champion(str(tmp_path)), "2026-11-02", boosting="second")
    day.report(boosting=0.9, skipped="column zone is missing")
    with pytest.raises(UserError, match=r"these rows: column zone is missing\. --force promotes"):
        day.promote()
    outcome = day.promote(force=True)
    assert outcome.name == "promoted"
    assert day.champion().record["compared"] is False
    assert day.champion().record["reason"] == "without a comparison, asked for by --force"


@pytest.mark.parametrize("champion", [float("nan"), 0.8])
def test_a_metric_that_is_no_number_is_not_compared(tmp_path: Any, champion: float) -> None:
    day = next_day(first_champion(str(tmp_path)), "2026-11-02", boosting="second")
    day.report(boosting=0.9 if champion != champion else float("nan"), champion=champion)
    with pytest.raises(UserError, match=r"(no auc on these|without a auc on the) test rows"):
        day.promote()
    assert day.champion().number == 1


def test_a_model_trained_since_the_report_is_not_promoted(tmp_path: Any) -> None:
    day = Day(str(tmp_path))
    day.train(boosting="a")
    day.report(boosting=0.9)
    day.train(boosting="b")
    with pytest.raises(UserError, match="was trained again since the report; run jobs/report"):
        day.promote()
    assert champions.history(day.job.champions_uri) == []


def test_a_model_of_another_table_is_not_promoted(tmp_path: Any) -> None:
    day = Day(str(tmp_path))
    day.train(data="other rows", boosting="a")
    day.report(boosting=0.9)
    with pytest.raises(UserError, match="was trained on another table than the report's"):
        day.promote()


def test_a_table_prepared_since_the_report_makes_the_report_stale(tmp_path: Any) -> None:
    day = Day(str(tmp_path))
    day.train(boosting="a")
    day.report(boosting=0.9)
    day.prepare("other rows")
    with pytest.raises(UserError, match="the table was prepared again since the report"):
        day.promote()
    day.prepare(day.date)
    assert day.promote().name == "promoted"


def test_of_two_promoters_at_once_one_wins_and_the_other_is_told(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = first_champion(place)
    second, third = (
        next_day(first, f"2026-11-0{number}", boosting=str(number)) for number in (2, 3)
    )
    second.report(boosting=0.85, champion=0.8)
    third.report(boosting=0.9, champion=0.8)
    enthrone = champions.enthrone

    def overtaken(*given: Any, **more: Any) -> Any:
        """Between its look at the champion and its record, another one promotes."""
        monkeypatch.setattr(promotion.champions, "enthrone", enthrone)
        assert second.promote().name == "promoted"
        return enthrone(*given, **more)

    monkeypatch.setattr(promotion.champions, "enthrone", overtaken)
    with pytest.raises(ConflictError, match="another writer published version 2 meanwhile"):
        third.promote()
    (one, two) = champions.history(first.job.champions_uri)
    assert model_directory.read(two.model_uri)[1]["model"] == b"2"
    assert two.record["over"]["number"] == one.number


def test_without_a_registry_nothing_is_promoted(tmp_path: Any) -> None:
    day = Day(str(tmp_path), promotion={"registry": None})
    with pytest.raises(UserError, match=r"promotion\.registry is not set: name a URI"):
        day.promote()


def test_a_damaged_record_is_one_clear_error(tmp_path: Any) -> None:
    day = first_champion(str(tmp_path))
    damaged = tmp_path / "champions" / "churn" / "v000001.json"
    damaged.write_text("{")
    with pytest.raises(UserError, match=r"v000001\.json is not JSON.*sound copy") as told:
        day.promote()
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"models": {"a": {}}, "context": {}}'])
def test_a_damaged_report_is_one_clear_error(tmp_path: Any, content: str) -> None:
    day = Day(str(tmp_path))
    day.train(boosting="a")
    day.report(boosting=0.9)
    (report,) = (tmp_path / day.date / "report").glob("*/report.json")
    report.write_text(content)
    with pytest.raises(UserError, match=r"report\.json: .*run jobs/report\.py again"):
        day.promote()


def test_a_job_without_a_report_is_told_what_to_do(tmp_path: Any) -> None:
    with pytest.raises(UserError, match=r"no report; run jobs/report\.py first"):
        Day(str(tmp_path)).promote()

"""Where a date's run reads and writes."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

LATE = datetime(2026, 11, 23, 0, 5, tzinfo=UTC)
PARAMS: dict[str, Any] = {
    "config": "conf/flights.yaml",
    "output": "s3://bucket/flights/",
    "overrides": ["boosting.rounds=50"],
    "registry": None,
}


def _run(logical_date: datetime | None) -> Any:
    return SimpleNamespace(logical_date=logical_date, run_after=LATE)


def test_the_logical_date_is_the_day_and_without_one_the_day_that_the_run_was_due() -> None:
    from emr_ensembles.naming import day_of

    assert day_of(_run(datetime(2026, 11, 21, tzinfo=UTC))) == "2026-11-21"
    assert day_of(_run(None)) == "2026-11-23"


def test_every_date_has_an_output_of_its_own() -> None:
    from emr_ensembles.day import Day

    day = Day.asked(PARAMS, "2026-11-21")
    assert day.output == "s3://bucket/flights/2026-11-21"
    assert day.arguments[2:] == [
        *("--set", "boosting.rounds=50"),
        *("--set", "output=s3://bucket/flights/2026-11-21"),
    ]


def test_relative_paths_lie_in_the_projects_clone(monkeypatch: pytest.MonkeyPatch) -> None:
    from emr_ensembles.day import Day

    monkeypatch.setenv("EMR_ENSEMBLES_HOME", "/opt/clone")
    day = Day.asked({**PARAMS, "output": "out", "registry": "out/champions"}, "2026-11-21")
    assert day.arguments[:2] == ["--config", "/opt/clone/conf/flights.yaml"]
    assert day.output == "/opt/clone/out/2026-11-21"
    assert day.arguments[-1] == "promotion.registry=/opt/clone/out/champions"


def test_jobs_know_the_day_by_the_variable_that_configs_take_date_from() -> None:
    from emr_ensembles.naming import variables_of
    from pipeline.config import DATE_VARIABLE

    assert variables_of("2026-11-21") == {DATE_VARIABLE: "2026-11-21"}

"""The length that is assumed of steps is that of real ones with such a base."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.cli.emr.requested import Request
from pipeline.cli.emr.submission import Submission
from pipeline.cli.job_config import JobConfig
from pipeline.cli.plan.plan import Plan, plan
from pipeline.cli.plan.step_length import ASSUMED_CHARACTERS, length_problems
from pipeline.config import Loaded
from pipeline.emr.running.record import ClusterRecord
from pipeline.emr.staging import Code
from pipeline.emr.steps import MOST_CHARACTERS, TooLongError
from pipeline.store import runs
from tests.cli.plan.planned import config_file
from tests.emr.clusters.samples import artifacts, cluster

BASE = f"s3://{'b' * (ASSUMED_CHARACTERS - 5)}"


def read_and_planned(file: str, overrides: list[str]) -> tuple[Loaded[JobConfig], Plan]:
    loaded = Request(file, tuple(overrides)).read()
    return loaded, plan(loaded.value, cluster(), overrides=overrides)


def longest_step(file: str, overrides: list[str]) -> int:
    """Characters of the longest step of a submission below a base of that length."""
    loaded, found = read_and_planned(file, overrides)
    made = Submission(
        loaded.value,
        Request(file, tuple(overrides)),
        found,
        Code(b"zip", {}),
        ClusterRecord(cluster(), artifacts(), BASE),
        run_id=runs.new_run_id(),
        date="2026-11-29",
        key="0123456789ab",
    )
    steps = [made.step(job)["HadoopJarStep"] for job in made.request.jobs]
    return max(len(each["Jar"]) + sum(map(len, each["Args"])) for each in steps)


def test_the_longest_step_that_emr_takes_is_no_problem_and_one_more_character_is(
    tmp_path: Path,
) -> None:
    file = config_file(tmp_path)
    room = MOST_CHARACTERS - longest_step(file, ["columns.label=y"])
    fits = [f"columns.label=y{'y' * room}"]
    assert longest_step(file, fits) == MOST_CHARACTERS
    assert list(length_problems(read_and_planned(file, fits)[1], file, fits)) == []
    long = [f"{fits[0]}y"]
    (told,) = length_problems(read_and_planned(file, long)[1], file, long)
    assert "arguments are 10,241 characters, and EMR takes 10,240" in told
    assert told.endswith(f"(counted below a staging URI of {ASSUMED_CHARACTERS} characters)")
    with pytest.raises(TooLongError):  # as `emr submit` says it
        longest_step(file, long)


def test_a_secret_in_set_is_not_told_a_second_time(tmp_path: Path) -> None:
    file, secret = config_file(tmp_path), ["spark.spark.my.token=hush-hush"]
    found = read_and_planned(file, secret)[1]
    assert len(found.problems) == 1
    assert list(length_problems(found, file, secret)) == []

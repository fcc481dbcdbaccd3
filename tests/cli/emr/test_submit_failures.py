"""`emr submit`: jobs that fail, drivers that die without a word, clusters that end."""

from __future__ import annotations

import pytest

from pipeline.errors import EnsemblesError, UserError
from tests.cli.emr.submitting import TWO, Submitting


@pytest.mark.parametrize(
    ("error", "code"), [(UserError("the label has nulls"), 2), (EnsemblesError("the disk"), 1)]
)
def test_a_job_that_fails_ends_the_command_with_its_own_exit_code(
    asked: Submitting, caplog: pytest.LogCaptureFixture, error: EnsemblesError, code: int
) -> None:
    asked.cluster.fails["prepare"] = error
    assert asked.submit(*TWO) == code
    assert asked.cluster.states == [("prepare", "FAILED"), ("boost", "CANCELLED")]
    assert f"prepare: {error}" in caplog.text
    assert "jobs that are done: none; the same command, on this cluster" in caplog.text
    record = asked.record()
    assert (record["outcome"], record["exit_code"]) == ("failed", code)
    moves = asked.cluster.moves
    assert moves < 5  # its logs were not waited for
    asked.cluster.fails.clear()
    assert asked.submit(*TWO) == 0
    # Names of runs of the same second sort by chance.
    assert sorted(asked.record(each)["outcome"] for each in (0, 1)) == ["failed", "success"]


def test_of_a_job_that_died_without_a_word_the_drivers_last_lines_are_shown_when_they_arrive(
    asked: Submitting, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    application, cluster = "application_1_0003", asked.cluster

    def arrive(step: str) -> None:
        cluster.put_log(f"Submitted {application}\n", "steps", step, "stderr.gz")
        for attempt, text in (("01", "the first"), ("02", "loading\nerror: the driver fell over")):
            container = f"container_1_0003_{attempt}_000001"
            cluster.put_log(text, "containers", application, container, "stderr.gz")

    def die(step: str) -> None:
        cluster.before = [lambda: None] * 3 + [lambda: arrive(step)]

    cluster.dies["prepare"] = die
    assert asked.submit(*TWO) == 1
    said = capsys.readouterr().err
    uri = f"{asked.base}/logs/{cluster.id}/containers/{application}/container_1_0003_02_000001"
    assert f"--- the last lines of {uri}/stderr.gz\nloading\nerror: the driver fell" in said
    assert "the first" not in said
    assert "waiting for them up to 7 minutes" in caplog.text
    part = asked.record()["jobs"]["prepare"]
    assert part["error"] == "the driver fell over"
    assert (part["outcome"], part["exit_code"]) == ("failed", 1)


def test_logs_that_never_come_are_given_up(
    asked: Submitting, caplog: pytest.LogCaptureFixture
) -> None:
    asked.cluster.dies["prepare"] = lambda _: None
    assert asked.submit(*TWO, "--log-minutes", "2") == 1
    assert asked.cluster.moves < 12
    step = asked.cluster.steps[0].id
    assert f"emr-ensembles emr logs {asked.cluster.id} --step {step}" in caplog.text
    assert asked.record()["jobs"]["prepare"]["outcome"] == "failed"


def test_a_cluster_that_dies_is_told_with_what_is_done(
    asked: Submitting, caplog: pytest.LogCaptureFixture
) -> None:
    nothing = lambda: None  # noqa: E731
    asked.cluster.before = [nothing, nothing, lambda: asked.cluster.die("a node was lost")]
    assert asked.submit(*TWO) == 1
    assert "is terminated_with_errors: a node was lost" in caplog.text
    assert "jobs that are done: prepare; the same command, on another cluster" in caplog.text
    assert asked.record()["outcome"] == "failed"

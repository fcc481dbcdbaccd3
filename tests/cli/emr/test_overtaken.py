"""Two who submit to one output at the same moment; steps are cancelled in moto's place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.cli.emr.submitting import TWO, Submitting
from tests.emr.lossy import Loss, Lossy

Said = pytest.CaptureFixture[str]


@pytest.fixture
def cancelling(asked: Submitting, emr_proxy: Lossy) -> Submitting:
    """moto has no CancelSteps."""

    def cancel(wanted: dict[str, Any]) -> dict[str, Any]:
        for step in asked.cluster.steps:
            if step.id in wanted["StepIds"]:
                step.state = "CANCELLED"
        said = [{"StepId": each, "Status": "SUBMITTED"} for each in wanted["StepIds"]]
        return {"CancelStepsInfoList": said}

    emr_proxy.answer("CancelSteps", cancel)
    return asked


def meanwhile(proxy: Lossy, action: Callable[[], object]) -> None:
    """Do something after the last look before steps are added, and before its answer arrives."""
    looks = 0

    def change(said: dict[str, Any]) -> dict[str, Any]:
        nonlocal looks
        looks += 1
        if looks == 3:  # what is there, of this run, and before the request
            action()
        return said

    proxy.change("ListSteps", change)


def test_whoever_came_second_with_something_else_gives_way_and_is_told_to_whom(
    cancelling: Submitting, emr_proxy: Lossy, capsys: Said
) -> None:
    codes: list[int] = []
    meanwhile(
        emr_proxy, lambda: codes.append(cancelling.submit(*TWO, "--set", "seed=3", "--no-wait"))
    )
    assert cancelling.submit(*TWO) == 2
    assert codes == [0]
    assert [state for _, state in cancelling.cluster.states[2:]] == ["CANCELLED", "CANCELLED"]
    assert "CANCELLED" not in [state for _, state in cancelling.cluster.states[:2]]
    first, second = sorted(
        (cancelling.record(0), cancelling.record(1)), key=lambda each: str(each["outcome"])
    )[::-1]
    assert (first["outcome"], second["outcome"]) == ("running", "interrupted")
    said = capsys.readouterr().err
    assert f"run {first['run']} was submitted at the same moment and came first" in said
    assert "its steps go on" not in said


def test_whoever_came_second_with_the_same_follows_the_first(
    cancelling: Submitting, emr_proxy: Lossy, caplog: pytest.LogCaptureFixture
) -> None:
    codes: list[int] = []
    meanwhile(emr_proxy, lambda: codes.append(cancelling.submit(*TWO, "--no-wait")))
    assert cancelling.submit(*TWO) == 0
    assert codes == [0]
    assert "the same was asked for there: following it" in caplog.text
    assert [state for _, state in cancelling.cluster.states] == [
        *["COMPLETED"] * 2,
        *["CANCELLED"] * 2,
    ]
    outcomes = sorted(cancelling.record(each)["outcome"] for each in (0, 1))
    assert outcomes == ["interrupted", "success"]
    assert cancelling.submit(*TWO) == 0  # what gave way is not followed
    assert len(cancelling.cluster.steps) == 4


def test_steps_that_could_not_be_cancelled_are_told(
    cancelling: Submitting, emr_proxy: Lossy, capsys: Said
) -> None:
    meanwhile(emr_proxy, lambda: cancelling.submit(*TWO, "--set", "seed=3", "--no-wait"))
    emr_proxy.lose("CancelSteps", Loss.DENIED)
    assert cancelling.submit(*TWO) == 1
    said = capsys.readouterr().err
    own = " ".join(step.id for step in cancelling.cluster.steps[2:])
    assert f"aws emr cancel-steps --cluster-id {cancelling.cluster.id} --step-ids {own}\n" in said


def test_steps_that_emr_refuses_to_cancel_are_named(
    cancelling: Submitting, emr_proxy: Lossy, capsys: Said
) -> None:
    refused = {"StepId": "s-X", "Status": "FAILED", "Reason": "Cannot cancel"}
    emr_proxy.answer("CancelSteps", lambda _: {"CancelStepsInfoList": [refused]})
    meanwhile(emr_proxy, lambda: cancelling.submit(*TWO, "--set", "seed=3", "--no-wait"))
    assert cancelling.submit(*TWO) == 1
    assert "were not cancelled: s-X: Cannot cancel" in capsys.readouterr().err

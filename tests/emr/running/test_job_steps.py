from __future__ import annotations

import pytest

from pipeline.emr.executors import Layout
from pipeline.emr.running.job_steps import (
    JobStep,
    by_job,
    earlier_writer,
    job_steps,
    last_run,
    require_only_writer,
    require_place,
    submission_key,
    submission_tags,
)
from pipeline.emr.running.states import Step
from pipeline.emr.steps import Places, step_arguments
from pipeline.errors import UserError

OUTPUT = "s3://bucket/out"


def step(
    job: str, run: str = "run-1", key: str = "key", state: str = "PENDING", output: str = OUTPUT
) -> Step:
    arguments = step_arguments(
        job,
        Places("code", "entry", "config", "python"),
        Layout(1, 1, 0, 1_000, 1_000, 1_000, 1_000),
        name="n",
        run_id=run,
        settings={},
        further_tags=submission_tags(output, key),
    )
    return Step(f"s-{run}-{job}", f"n {job} {run}", state, tuple(arguments))


def found(*steps: Step) -> list[JobStep]:
    return job_steps(steps)


def test_steps_of_others_are_passed_over() -> None:
    other = Step("s-0", "debugging", "COMPLETED", ("state-pusher-script",))
    (one,) = found(other, step("boost"))
    assert (one.job, one.run_id, one.key) == ("boost", "run-1", "key")


def test_of_several_runs_of_the_same_the_last_is_found() -> None:
    steps = found(step("bag"), step("bag", "run-2"), step("boost", "run-2"), step("bag", "r", "k"))
    assert [each.step.id for each in last_run(steps, "key")] == ["s-run-2-bag", "s-run-2-boost"]
    assert last_run(steps, "unknown") == []
    assert set(by_job(steps, "run-2")) == {"bag", "boost"}


def test_a_run_whose_steps_were_all_cancelled_is_not_the_last() -> None:
    gone = step("bag", "run-2", state="CANCELLED"), step("boost", "run-2", state="CANCEL_PENDING")
    steps = found(step("bag"), *gone)
    assert [each.run_id for each in last_run(steps, "key")] == ["run-1"]
    assert last_run(found(*gone), "key") == []
    half = found(step("bag", "run-2", state="FAILED"), gone[1])
    assert [each.job for each in last_run(half, "key")] == ["bag", "boost"]


@pytest.mark.parametrize(
    ("steps", "first"),
    [
        ([step("bag", "mine"), step("bag", "other")], None),
        ([step("bag", "other"), step("bag", "mine")], "s-other-bag"),
        ([step("bag", "other", state="CANCELLED"), step("bag", "mine")], None),
        ([step("bag", "other", state="CANCEL_PENDING"), step("bag", "mine")], None),
        ([step("bag", "other", output="s3://bucket/else"), step("bag", "mine")], None),
        # The run counts from its first step, whatever has become of that.
        (
            [step("bag", "other", state="COMPLETED"), step("bag", "mine"), step("boost", "other")],
            "s-other-boost",
        ),
        ([step("bag", "mine", state="COMPLETED"), step("b", "other"), step("c", "mine")], None),
        ([step("bag", "other")], "s-other-bag"),  # our own are not listed yet
    ],
)
def test_of_two_runs_that_write_to_one_output_that_is_first_whose_first_step_is(
    steps: list[Step], first: str | None
) -> None:
    writer = earlier_writer(found(*steps), OUTPUT, "mine")
    assert (writer and writer.step.id) == first


def test_whatever_differs_makes_another_key() -> None:
    asked = ("config", {"seed": 1}, ("a=b",), False, None)
    assert submission_key(*asked) == submission_key(*asked)
    others = {submission_key(*asked[:3], True, None), submission_key("x", *asked[1:])}
    assert submission_key(*asked) not in others


def test_another_run_that_writes_to_the_same_output_is_refused_with_how_to_end_it() -> None:
    steps = found(step("bag", state="COMPLETED"), step("boost", state="RUNNING"), step("deep"))
    said = (
        r"s-run-1-boost \(n boost run-1\).* is running on j-1.*--step-ids s-run-1-boost s-run-1-d"
    )
    with pytest.raises(UserError, match=said):
        require_only_writer(steps, OUTPUT, "run-2", "j-1")


def test_its_own_steps_those_that_ended_and_other_outputs_are_in_nobodys_way() -> None:
    steps = found(
        step("bag", "mine"),
        step("bag", "old", state="FAILED"),
        step("bag", "other", output="s3://bucket/other"),
    )
    require_only_writer(steps, OUTPUT, "mine", "j-1")


def test_emr_lets_256_steps_wait() -> None:
    waiting = [step("bag", f"run-{number}") for number in range(250)]
    ended = [step("bag", "old", state="COMPLETED")] * 100
    require_place([*waiting, *ended], 6, "j-1")
    with pytest.raises(UserError, match="250 steps wait and run there, and EMR takes 256: 7 more"):
        require_place([*waiting, *ended], 7, "j-1")

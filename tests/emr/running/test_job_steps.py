from __future__ import annotations

import pytest

from pipeline.emr.executors import Layout
from pipeline.emr.running.job_steps import (
    JobStep,
    by_job,
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

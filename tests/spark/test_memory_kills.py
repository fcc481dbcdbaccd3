import pytest

from pipeline.spark.causes import first_cause
from pipeline.spark.memory_kills import killed_for_memory

OF_SPARK = (
    "Job aborted due to stage failure: Task 0 in stage 3.0 failed 1 times, most recent failure: "
    "Lost task 0.0 in stage 3.0 (TID 4) (node executor 1): ExecutorLostFailure (executor 1 exited "
    "caused by one of the running tasks) Reason: Container killed by YARN for exceeding physical "
    "memory limits. 2.1 GB of 2 GB physical memory used. Consider boosting "
    "spark.executor.memoryOverhead.\nDriver stacktrace:"
)
OF_YARN = (
    "Application application_1_1 failed 2 times due to AM Container for appattempt_1_1_000002 "
    "exited with  exitCode: -104\nFailing this attempt.Diagnostics: [2026-01-01 00:00:00.000]"
    "Container [pid=1,containerID=container_1_1_02_000001] is running 1000B beyond the 'PHYSICAL' "
    "memory limit. Current usage: 1.6 GB of 1.5 GB physical memory used; 4.0 GB of 3.1 GB virtual "
    "memory used. Killing container."
)


def test_a_killed_executor_is_told_with_the_knob_to_turn() -> None:
    told = killed_for_memory(OF_SPARK)
    assert told is not None
    assert told.startswith("YARN killed an executor's container for its memory: it used 2.1 GB of")
    assert "raise spark.executor.memoryOverhead" in told
    assert first_cause(RuntimeError(OF_SPARK)) == told


def test_a_killed_driver_has_another_knob() -> None:
    told = killed_for_memory(OF_YARN)
    assert told is not None
    assert "it used 1.6 GB of 1.5 GB" in told
    assert told.endswith("raise spark.driver.memoryOverhead")


def test_a_kill_by_the_kernel_is_told_as_what_it_may_be() -> None:
    text = "ExecutorLostFailure: Container from a bad node: container_1. Exit status: 137."
    told = killed_for_memory(text)
    assert told is not None
    assert told.startswith("an executor's container was killed (exit code 137)")
    assert "spark.executor.memoryOverhead" in told


@pytest.mark.parametrize(
    "text", ["Command exited with code 137", "", "ExecutorLostFailure: worker lost", "memory used"]
)
def test_other_ends_are_not_taken_for_it(text: str) -> None:
    assert killed_for_memory(text) is None

import os
import re
import signal
import time

import pytest

from pipeline.errors import DataError, GangError, ModelError, UserError
from pipeline.spark import attempt
from pipeline.spark.attempt import Attempt, Lost
from pipeline.spark.events import Event
from pipeline.spark.network import PORTS, _kernel_ports
from pipeline.spark.resources import plan_gang


def made(spark, collective="none", stall_s=60.0):
    return Attempt(spark, plan_gang(spark), "test-1", collective, stall_s)


def test_an_attempt_gives_results_and_tells_what_the_workers_say(spark):
    def work(worker):
        worker.advance()
        worker.report("round", round=0, metrics={"auc": 0.5})
        return worker.rank * 10

    heard = []
    assert made(spark).run(work, heard.append) == [0, 10]
    assert {event.rank for event in heard} == {0, 1}
    for rank in (0, 1):
        kinds = [event.kind for event in heard if event.rank == rank]
        assert kinds == ["started", "round", "finished"]
    started = next(event for event in heard if event.kind == "started")
    assert started.data == {"host": "127.0.0.1", "gpus": [], "threads": 1, "step": 0}
    told = next(event for event in heard if event.kind == "round")
    assert told.data == {"round": 0, "metrics": {"auc": 0.5}, "step": 1}


def test_a_worker_that_dies_is_a_loss_that_says_what_was_lost(spark):
    def work(worker):
        if worker.rank == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return worker.rank

    outcome = made(spark).run(work, lambda _event: None)
    assert isinstance(outcome, Lost)
    assert "Python worker exited unexpectedly" in outcome.reason
    assert "\n" not in outcome.reason


def test_an_error_of_the_listener_ends_the_job_and_frees_the_executors(spark):
    def waits(_worker):
        time.sleep(600)

    def interrupted(_event):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        made(spark).run(waits, interrupted)
    assert made(spark).run(lambda worker: worker.rank, lambda _event: None) == [0, 1]


# --- ports ----------------------------------------------------------------------------------------


@pytest.fixture
def stated(spark):
    """Sets the range of ports of the application, for one test."""
    conf = spark.sparkContext._conf
    yield lambda text: conf.set(PORTS, text)
    conf._jconf.remove(PORTS)


def test_a_range_that_is_none_is_refused_before_any_job(spark, stated):
    stated("40000")
    with pytest.raises(UserError, match=f"{PORTS}='40000' is no range of ports"):
        made(spark)


def test_a_gang_keeps_within_a_range_that_holds_the_kernels(spark, stated):
    own = _kernel_ports()
    stated(str(own))
    with made(spark)._channel() as channel:
        assert own.first <= channel.address[1] <= own.last
    assert made(spark, "rabit").run(lambda worker: worker.rank, lambda _event: None) == [0, 1]


def test_nodes_that_would_leave_the_range_are_named_with_both_ranges(spark, stated):
    stated("22000-22999")
    own = re.escape(str(_kernel_ports()))
    with pytest.raises(
        UserError, match=rf"^127\.0\.0\.1: .* {own} .* {PORTS}=22000-22999 does not"
    ):
        made(spark, "rabit").run(lambda worker: worker.rank, lambda _event: None)


# --- what the end of a job means ------------------------------------------------------------------


def error_event(rank, **changes):
    data = {
        "type": "ValueError",
        "message": "seven",
        "traceback": "Traceback",
        "is_user": False,
        "is_peer": False,
        **changes,
    }
    return Event(rank, "error", data)


def ended(spark, failure, *events):
    own = made(spark)
    own._failure = RuntimeError(failure)
    own._errors = list(events)
    return own


@pytest.mark.parametrize(
    "line",
    [
        "ExecutorLostFailure (executor 1 exited caused by one of the running tasks)",
        "Executor heartbeat timed out after 130000 ms",
        "org.apache.spark.SparkException: Python worker exited unexpectedly (crashed)",
        "java.io.EOFException",
        "Remote RPC client disassociated. Likely due to containers exceeding thresholds",
    ],
)
def test_what_dies_is_a_loss(spark, line):
    outcome = ended(spark, f"Job aborted due to stage failure:\n  {line}\n\tat java.x")._meaning()
    assert outcome == Lost(line)


def test_a_rank_that_only_lost_its_peers_is_a_loss(spark):
    outcome = ended(spark, "ValueError", error_event(0, is_peer=True, message="gone\nmore"))
    assert outcome._meaning() == Lost("rank 0 lost its peers: gone")


def test_the_ranks_own_error_counts_more_than_what_was_lost_after_it(spark):
    events = [error_event(0, is_peer=True), error_event(1), error_event(2)]
    with pytest.raises(GangError, match=r"rank 1 raised ValueError: seven\nthen rank 2 raised"):
        ended(spark, "ExecutorLostFailure", *events)._meaning()


@pytest.mark.parametrize("kind", [UserError, DataError, ModelError])
def test_a_users_error_of_a_worker_comes_back_as_itself(spark, kind):
    event = error_event(1, is_user=True, type=kind.__name__)
    with pytest.raises(UserError, match=r"^seven$") as raised:
        ended(spark, "ExecutorLostFailure", event)._meaning()
    assert type(raised.value) is kind


def test_a_users_error_of_another_class_is_one_all_the_same(spark):
    with pytest.raises(UserError, match=r"^seven$"):
        ended(spark, "x", error_event(1, is_user=True, type="ErrorOfATrainer"))._meaning()


def test_a_job_that_fails_otherwise_is_not_tried_again(spark):
    with pytest.raises(GangError, match="test-1: the job failed: Task serialization failed"):
        ended(spark, "Task serialization failed")._meaning()


# --- who stalls -----------------------------------------------------------------------------------


def watch(*events):
    """The watch of a gang of three; events are (rank, kind, step, seconds ago)."""
    own = attempt._Watch(3)
    now = time.monotonic()
    for rank, kind, step, ago in events:
        own.note(Event(rank, kind, {"step": step}, at=now - ago))
    return own


def test_nothing_stalls_before_the_first_rank_starts():
    own = watch()
    assert own.is_waiting
    assert own.idle == 0
    assert own.age >= 0


def test_only_steps_count_as_progress():
    own = watch((0, "started", 0, 100), (0, "heartbeat", 0, 1))
    assert own.idle == pytest.approx(100, abs=5)
    own = watch((0, "started", 0, 100), (0, "heartbeat", 1, 30), (0, "heartbeat", 1, 1))
    assert own.idle == pytest.approx(30, abs=5)


def test_a_rank_that_never_came_is_the_suspect():
    own = watch((0, "started", 0, 100), (0, "heartbeat", 3, 1), (2, "heartbeat", 3, 1))
    assert own.suspects() == "rank 1 is silent (stopped, or its node is gone)"


def test_a_rank_that_fell_silent_is_the_suspect():
    own = watch((0, "heartbeat", 3, 1), (1, "heartbeat", 4, 1), (2, "heartbeat", 5, 60))
    assert own.suspects() == "rank 2 is silent (stopped, or its node is gone)"


def test_a_rank_that_finished_may_be_silent():
    own = watch((0, "finished", 9, 60), (1, "heartbeat", 4, 1), (2, "heartbeat", 4, 1))
    assert own.suspects() == "rank 1, 2 is alive and stands at step 4"


def test_the_rank_that_is_furthest_behind_is_the_suspect():
    own = watch((0, "heartbeat", 3, 1), (1, "heartbeat", 2, 1), (2, "heartbeat", 3, 1))
    assert own.suspects() == "rank 1 is alive and stands at step 2"

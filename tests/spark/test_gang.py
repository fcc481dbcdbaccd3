import logging
import os
import signal
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

import pytest

from pipeline.errors import (
    DataError,
    GangError,
    GangLostError,
    GangStalledError,
    GangWorkerError,
)
from pipeline.spark.gang import GangLimits, run_gang
from pipeline.spark.resources import plan_gang


@pytest.fixture
def marks(tmp_path):
    """A directory in which workers leave a file each time they run."""
    directory = tmp_path / "marks"
    directory.mkdir()
    return directory


def gang(spark, work, collective="none", on_event=None, **limits):
    return run_gang(
        spark,
        plan_gang(spark),
        work,
        name="test",
        collective=collective,
        limits=GangLimits(**limits),
        on_event=on_event,
    )


def mark(directory, worker):
    (directory / f"{worker.rank}-{uuid.uuid4().hex}").touch()


def runs(directory, rank):
    return len(list(directory.glob(f"{rank}-*")))


def was_attempted_once(directory):
    """Whether no rank ran twice; a rank may be ended by another's error before it runs."""
    return max(runs(directory, rank) for rank in (0, 1)) == 1


def first_time(directory):
    """Whether this is the first call; exactly one of all processes is told so."""
    try:
        (directory / "first").touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def rabit_sum(value):
    import numpy as np
    from xgboost import collective

    return float(collective.allreduce(np.array([float(value)]), collective.Op.SUM)[0])


def horovod_sum(value):
    import horovod.mxnet as hvd
    import mxnet as mx

    # Without a name Horovod counts, and processes that have served before count differently.
    return float(hvd.allreduce(mx.nd.array([value]), average=False, name="own").asscalar())


def fits_again(spark):
    return gang(spark, lambda worker: worker.rank, wait_s=60) == [0, 1]


# --- what a gang gives ----------------------------------------------------------------------------


def test_results_come_in_the_order_of_ranks(spark):
    def work(worker):
        time.sleep(0.3 * (1 - worker.rank))
        return worker.rank, worker.size, worker.threads, worker.gpus, worker.seat.hosts

    hosts = ("127.0.0.1", "127.0.0.1")
    assert gang(spark, work) == [(0, 2, 1, (), hosts), (1, 2, 1, (), hosts)]


def test_a_gang_may_be_one_worker(spark):
    for collective in ("none", "rabit", "horovod"):
        found = run_gang(
            spark,
            plan_gang(spark, workers=1),
            lambda worker: (worker.rank, worker.size),
            name="alone",
            collective=collective,
        )
        assert found == [(0, 1)]


def test_rabit_sums_over_the_workers(spark):
    assert gang(spark, lambda worker: rabit_sum(worker.rank + 1), "rabit") == [3.0, 3.0]


def test_horovod_sums_over_the_workers_gang_after_gang(spark):
    def work(worker):
        import horovod.mxnet as hvd

        assert (hvd.rank(), hvd.size()) == (worker.rank, worker.size)
        assert (hvd.local_rank(), hvd.local_size()) == (worker.rank, 2)
        return horovod_sum(worker.rank + 1)

    assert gang(spark, work, "horovod") == gang(spark, work, "horovod") == [3.0, 3.0]


def test_the_driver_hears_what_workers_report(spark):
    def work(worker):
        worker.report("round", round=7, metrics={"auc": 0.5})

    heard = []
    assert gang(spark, work, on_event=heard.append) == [None, None]
    rounds = [event for event in heard if event.kind == "round"]
    assert {event.rank for event in rounds} == {0, 1}
    assert all(event.data["round"] == 7 for event in rounds)


# --- errors of the workers' own code --------------------------------------------------------------


@pytest.mark.parametrize("collective", ["none", "rabit", "horovod"])
def test_a_rank_that_raises_ends_the_gang_with_its_traceback_at_once(spark, marks, collective):
    def explode():
        raise ValueError("seven is not a number")

    def work(worker):
        mark(marks, worker)
        if worker.rank == 1:
            explode()
        if collective == "rabit":
            rabit_sum(1)
        elif collective == "horovod":
            horovod_sum(1)
        else:
            time.sleep(600)

    with pytest.raises(GangWorkerError) as caught:
        gang(spark, work, collective)
    text = str(caught.value)
    assert "rank 1 raised ValueError: seven is not a number" in text
    assert "in explode" in text
    assert text.rstrip().endswith("ValueError: seven is not a number")
    assert was_attempted_once(marks)


def test_a_users_error_on_a_worker_arrives_as_one(spark, marks):
    def work(worker):
        mark(marks, worker)
        raise DataError("column x: all values are null")

    with pytest.raises(Exception, match=r"^column x: all values are null$") as caught:
        gang(spark, work)
    assert caught.value.exit_code == 2
    assert was_attempted_once(marks)


def test_an_error_longer_than_a_message_may_be_is_still_the_workers(spark, marks):
    def work(worker):
        mark(marks, worker)
        raise ValueError("x" * 3_000_000 + "Broken pipe")

    with pytest.raises(GangWorkerError, match="raised ValueError: xxx"):
        gang(spark, work)
    assert was_attempted_once(marks)


def test_a_result_that_cannot_be_pickled_is_an_error_and_not_a_loss(spark, marks):
    def work(worker):
        mark(marks, worker)
        return threading.Lock()

    with pytest.raises(GangError, match="cannot pickle"):
        gang(spark, work)
    assert was_attempted_once(marks)


# --- losses ---------------------------------------------------------------------------------------


def test_a_killed_worker_costs_one_attempt(spark, marks, caplog):
    def work(worker):
        mark(marks, worker)
        if worker.rank == 1 and first_time(marks):
            os.kill(os.getpid(), signal.SIGKILL)
        return rabit_sum(worker.rank + 1)

    with caplog.at_level(logging.WARNING, logger="pipeline"):
        assert gang(spark, work, "rabit") == [3.0, 3.0]
    assert runs(marks, 0) == runs(marks, 1) == 2
    (line,) = [text for text in caplog.messages if "was lost" in text]
    assert line.startswith("test: attempt 1 was lost (")
    assert line.endswith("2 attempts left")


def test_a_worker_killed_before_it_met_the_others_does_not_end_the_gang(spark, marks, caplog):
    def comes_late_or_never():
        if first_time(marks):
            time.sleep(2)
            os.kill(os.getpid(), signal.SIGKILL)
        return lambda worker: worker.rank

    class Work:
        def __reduce__(self):
            return comes_late_or_never, ()

    with caplog.at_level(logging.WARNING, logger="pipeline"):
        assert gang(spark, Work()) == [0, 1]
    lost = [text for text in caplog.messages if "was lost" in text]
    # Now and then Spark's executor dies of it too (exit code 50), during the next attempt.
    assert lost
    assert all("exited" in text for text in lost[1:])


@pytest.mark.slow
def test_losses_in_every_attempt_end_it_saying_what_was_lost(spark, marks):
    def work(worker):
        mark(marks, worker)
        if worker.rank == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(600)

    with pytest.raises(
        GangLostError, match=r"all 2 attempts were lost\. Last loss: .*memoryOverhe"
    ):
        gang(spark, work, attempts=2)
    assert runs(marks, 0) == 2
    assert fits_again(spark)


def test_a_gang_whose_executors_do_not_come_says_how_many_there_are(spark, marks):
    assert fits_again(spark)
    plan = replace(plan_gang(spark), workers=3)
    with pytest.raises(GangLostError, match=r"only 2 of 3 workers have an executor, .*gang\.wait"):
        run_gang(
            spark,
            plan,
            lambda worker: mark(marks, worker),
            name="test",
            collective="none",
            limits=GangLimits(wait_s=0.5),
        )
    assert not list(marks.iterdir())


def test_a_rank_that_stalls_is_named(spark):
    def work(worker):
        while worker.rank == 0 and worker._sender.step < 5:
            worker.advance()
        time.sleep(600)

    with pytest.raises(GangStalledError) as caught:
        gang(spark, work, stall_s=4)
    text = str(caught.value)
    assert "no progress for " in text
    assert "(gang.stall); rank 1 is alive and stands at step 0" in text
    assert fits_again(spark)


@pytest.mark.slow
def test_a_gang_that_moves_may_take_longer_than_the_stall_limit(spark):
    def work(worker):
        for _ in range(5):
            time.sleep(4)
            worker.advance()
        return worker.rank

    assert gang(spark, work, stall_s=12) == [0, 1]


# --- several gangs --------------------------------------------------------------------------------


def test_two_gangs_of_an_application_take_turns(spark, marks):
    def work(worker):
        began = time.time()
        time.sleep(0.5)
        return began, time.time()

    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(lambda _: gang(spark, work, queue_s=120), range(2))
    first, second = sorted((one, two))
    assert max(end for _, end in first) <= min(began for began, _ in second)


def test_a_gang_that_may_not_wait_is_refused(spark, marks):
    def holds(worker):
        mark(marks, worker)
        limit = time.monotonic() + 100
        while not (marks / "over").exists() and time.monotonic() < limit:
            time.sleep(0.05)
        return worker.rank

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(gang, spark, holds)
        try:
            limit = time.monotonic() + 100
            while not runs(marks, 0) and time.monotonic() < limit:
                time.sleep(0.05)
            with pytest.raises(GangError, match=r"behind another gang .* as gang\.queue allows"):
                gang(spark, holds, queue_s=0)
        finally:
            (marks / "over").touch()
        assert first.result(timeout=100) == [0, 1]
    assert runs(marks, 0) == 1


# --- harder faults --------------------------------------------------------------------------------


@pytest.mark.chaos
@pytest.mark.parametrize("collective", ["none", "rabit", "horovod"])
def test_a_killed_executor_costs_one_attempt(spark, marks, caplog, collective):
    def parent_of(pid):
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return int(stat.read().rpartition(")")[2].split()[1])

    def work(worker):
        mark(marks, worker)
        if worker.rank == 1 and first_time(marks):
            time.sleep(1)
            # The worker was forked by a daemon, and that was started by the executor.
            os.kill(parent_of(os.getppid()), signal.SIGKILL)
            time.sleep(600)
        if collective == "rabit":
            return rabit_sum(worker.rank + 1)
        if collective == "horovod":
            return horovod_sum(worker.rank + 1)
        return 3.0

    with caplog.at_level(logging.WARNING, logger="pipeline"):
        assert gang(spark, work, collective) == [3.0, 3.0]
    assert len([text for text in caplog.messages if "was lost" in text]) == 1


@pytest.mark.chaos
def test_a_killed_rank_costs_one_attempt_with_horovod_too(spark, marks, caplog):
    def work(worker):
        mark(marks, worker)
        horovod_sum(1)
        if worker.rank == 1 and first_time(marks):
            os.kill(os.getpid(), signal.SIGKILL)
        return horovod_sum(worker.rank + 1)

    with caplog.at_level(logging.WARNING, logger="pipeline"):
        assert gang(spark, work, "horovod") == [3.0, 3.0]
    assert len([text for text in caplog.messages if "was lost" in text]) == 1


@pytest.mark.chaos
def test_a_rank_that_is_stopped_is_named_as_silent(spark):
    def work(worker):
        if worker.rank == 1:
            os.kill(os.getpid(), signal.SIGSTOP)
        rabit_sum(1)

    with pytest.raises(GangStalledError, match=r"rank 1 is silent \(stopped, or its node is gone"):
        gang(spark, work, "rabit", stall_s=20)
    assert fits_again(spark)


@pytest.mark.chaos
def test_kills_at_random_moments_never_spoil_a_result(spark, marks):
    """Some attempt gets through, or the gang says that it was lost; nothing hangs."""

    def work(worker):
        import random

        deadline = random.uniform(0, 2) if random.random() < 0.4 else None
        if deadline is not None:
            timer = threading.Timer(deadline, os.kill, (os.getpid(), signal.SIGKILL))
            timer.daemon = True
            timer.start()
        total = 0.0
        for _ in range(10):
            time.sleep(0.1)
            worker.advance()
            total += rabit_sum(worker.rank + 1)
        if deadline is not None:
            timer.cancel()
        return total

    for _ in range(5):
        with suppress(GangLostError):
            assert gang(spark, work, "rabit", attempts=4) == [30.0, 30.0]
    assert fits_again(spark)

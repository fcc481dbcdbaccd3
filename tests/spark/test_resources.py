import json
import os
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from pipeline.errors import GangNeverFitsError, UserError
from pipeline.local.cluster import down, environment, up
from pipeline.spark import resources
from pipeline.spark.resources import (
    Capacity,
    ExecutorShape,
    _spread,
    _Worker,
    capacity_of,
    plan_gang,
    slots_now,
)
from pipeline.spark.yarn import Container, YarnNode


def session(master, settings=None, memory=1024, parallelism=4):
    """What capacity is read from, without a Spark."""
    context = SimpleNamespace(
        master=master,
        defaultParallelism=parallelism,
        getConf=lambda: dict(settings or {}),
        _jsc=SimpleNamespace(sc=lambda: SimpleNamespace(executorMemory=lambda: memory)),
    )
    return SimpleNamespace(sparkContext=context)


def shapes(spark):
    return [(item.cores, item.gpus) for item in capacity_of(spark).executors]


# --- the tests' own cluster -----------------------------------------------------------------------


def test_a_gang_is_one_worker_per_executor_with_all_its_cores(spark):
    plan = plan_gang(spark)
    assert (plan.workers, plan.cores, plan.gpus) == (2, 1, 0)
    assert shapes(spark) == [(1, 0), (1, 0)]
    limit = time.monotonic() + 60
    while slots_now(spark, plan) != 2:
        assert time.monotonic() < limit
        time.sleep(0.1)


def test_a_gang_may_be_smaller(spark):
    plan = plan_gang(spark, workers=1)
    assert (plan.workers, plan.cores) == (1, 1)


def test_a_gang_that_never_fits_is_refused_at_once_saying_what_to_set(spark):
    began = time.monotonic()
    with pytest.raises(GangNeverFitsError) as caught:
        plan_gang(spark, workers=3)
    assert time.monotonic() - began < 10
    text = str(caught.value)
    assert "a gang of 3 workers with at least 1 core each can never fit" in text
    assert "2 executors (1 cores, 0 GPUs; 1 cores, 0 GPUs; 2 Workers of spark://" in text
    assert "Set gang.workers (numWorkers) to 2 or fewer" in text


@pytest.mark.parametrize("workers", [0, 2])
def test_gpus_where_there_are_none_are_refused_saying_what_they_need(spark, workers):
    with pytest.raises(GangNeverFitsError) as caught:
        plan_gang(spark, workers=workers, gpus=1)
    assert "1 core and 1 GPUs each can never fit" in str(caught.value)
    assert "GPUs need spark.executor.resource.gpu.amount and Workers that offer" in str(
        caught.value
    )


# --- other clusters -------------------------------------------------------------------------------


def test_dynamic_allocation_is_refused_with_what_to_submit():
    spark = session("yarn", {"spark.dynamicAllocation.enabled": "true"})
    with pytest.raises(GangNeverFitsError, match=r"--conf spark\.dynamicAllocation\.enabled=false"):
        plan_gang(spark)


def on_yarn(patch, nodes, container=None):
    patch.setattr(resources, "yarn_nodes", lambda _: nodes)
    patch.setattr(resources, "executor_container", lambda _: container)


def test_yarn_has_what_its_nodes_have_room_for(monkeypatch):
    nodes = [YarnNode(4_096, 4, 1), YarnNode(4_096, 4, 1)]
    on_yarn(monkeypatch, nodes, Container(2_048, 2, 1))
    settings = {
        "spark.executor.instances": "3",
        "spark.executor.cores": "2",
        "spark.executor.resource.gpu.amount": "1",
    }
    spark = session("yarn", settings)
    assert shapes(spark) == [(2, 1)] * 2
    told = r"a gang of 3 .* YARN's 2 nodes have room for 2: 4096 MiB, 4 cores, 1 GPUs; 4096 MiB"
    with pytest.raises(GangNeverFitsError, match=told):
        plan_gang(spark, workers=3, gpus=1)


def test_yarn_that_does_not_say_has_what_the_settings_say(monkeypatch):
    on_yarn(monkeypatch, None)
    settings = {
        "spark.executor.instances": "3",
        "spark.executor.cores": "4",
        "spark.executor.resource.gpu.amount": "1",
    }
    spark = session("yarn", settings)
    assert shapes(spark) == [(4, 1)] * 3
    assert "spark.executor.instances=3, spark.executor.cores=4" in str(capacity_of(spark))
    with pytest.raises(GangNeverFitsError, match=r"a gang of 4 .*can have 3 at most"):
        plan_gang(spark, workers=4, gpus=1)


def test_yarn_without_settings_has_sparks_defaults(monkeypatch):
    on_yarn(monkeypatch, None)
    assert shapes(session("yarn")) == [(1, 0), (1, 0)]


def test_a_local_cluster_has_what_its_url_says():
    assert shapes(session("local-cluster[3, 2, 1024]")) == [(2, 0)] * 3


@pytest.mark.parametrize(
    ("master", "cores"),
    [("local", 1), ("local[4]", 4), ("local[*]", os.cpu_count()), ("local[2, 3]", 2)],
)
def test_local_mode_is_one_executor_without_gpus(master, cores):
    assert shapes(session(master)) == [(cores, 0)]
    with pytest.raises(GangNeverFitsError):
        plan_gang(session(master), gpus=1)
    plan = plan_gang(session(master))
    assert (plan.workers, plan.cores, plan.profile) == (1, cores, None)


def test_local_mode_can_be_cut_into_workers():
    plan = plan_gang(session("local[4]"), workers=2)
    assert (plan.workers, plan.cores, plan.profile) == (2, 2, None)


@pytest.mark.parametrize(
    ("cores", "limit", "each", "expected"),
    [
        ([4, 4], None, None, [4, 4]),
        ([4, 4], 4, None, [2, 2]),
        ([4, 4], 3, None, [2, 1]),
        ([1, 4], 4, None, [1, 3]),
        ([5, 3], None, 2, [4, 2]),
        ([4, 4], 5, 2, [2, 2]),
        ([4, 4], 6, 2, [4, 2]),
        ([3], None, 4, [0]),
        ([], None, None, []),
    ],
)
def test_cores_are_given_out_as_the_master_does(cores, limit, each, expected):
    assert _spread(cores, limit, each) == expected


GPU, PLAIN, SMALL = _Worker(4, 4096, 2), _Worker(4, 4096, 0), _Worker(4, 1024, 0)


@pytest.mark.parametrize(
    ("workers", "settings", "expected"),
    [
        ([PLAIN, PLAIN], {}, [(4, 0), (4, 0)]),
        ([PLAIN, PLAIN], {"spark.cores.max": "2"}, [(1, 0), (1, 0)]),
        ([PLAIN, PLAIN], {"spark.cores.max": "1"}, [(1, 0)]),
        ([PLAIN], {"spark.executor.cores": "2"}, [(2, 0), (2, 0)]),
        # Memory and GPUs bound the executors of a Worker; the others get its share of the cores.
        ([SMALL, PLAIN], {"spark.executor.cores": "1", "spark.cores.max": "4"}, [(1, 0)] * 4),
        ([SMALL], {"spark.executor.cores": "1"}, [(1, 0)]),
        ([GPU, PLAIN], {"spark.executor.resource.gpu.amount": "1"}, [(4, 1)]),
        (
            [PLAIN, GPU],
            {"spark.executor.resource.gpu.amount": "1", "spark.cores.max": "2"},
            [(2, 1)],
        ),
        (
            [GPU],
            {"spark.executor.resource.gpu.amount": "1", "spark.executor.cores": "1"},
            [(1, 1), (1, 1)],
        ),
        # The standalone Master does not ask for a number of executors.
        (
            [PLAIN],
            {"spark.executor.cores": "2", "spark.executor.instances": "1"},
            [(2, 0), (2, 0)],
        ),
    ],
)
def test_a_standalone_cluster_has_what_its_master_would_give(
    monkeypatch, workers, settings, expected
):
    monkeypatch.setattr(resources, "_workers", lambda _spark: workers)
    assert shapes(session("spark://master:7077", settings)) == expected


def test_workers_that_are_too_small_for_an_executor_are_the_users_to_mend(monkeypatch):
    monkeypatch.setattr(resources, "_workers", lambda _spark: [SMALL])
    with pytest.raises(
        UserError, match=r"has the 2048 MiB that one executor asks for; lower spark"
    ):
        capacity_of(session("spark://master:7077", memory=2048))


def test_slots_are_counted_by_cores_and_by_gpus():
    capacity = Capacity((ExecutorShape(8, 4), ExecutorShape(3, 1)), "made up")
    assert capacity.slots(1, 0) == 11
    assert capacity.slots(2, 0) == 5
    assert capacity.slots(1, 1) == 5
    assert capacity.slots(1, 2) == 2
    assert capacity.slots(4, 4) == 1


# --- an application of its own --------------------------------------------------------------------

_APPLICATION = """
import json, os, sys, time, uuid
from pyspark.sql import SparkSession
from pipeline.errors import GangWorkerError
from pipeline.spark.gang import run_gang
from pipeline.spark.resources import capacity_of, plan_gang, slots_now

marks = sys.argv[1]
spark = SparkSession.builder.getOrCreate()
spark.sparkContext.setLogLevel("ERROR")
by_default = plan_gang(spark, gpus=1)
whole = plan_gang(spark, gpus=2)

def gpus(worker):
    return worker.gpus

def raises(worker):
    open(os.path.join(marks, f"{worker.rank}-{uuid.uuid4().hex}"), "w").close()
    raise ValueError("seven")

told = {
    "default": [by_default.workers, by_default.cores, by_default.gpus],
    "whole": [whole.workers, whole.cores, whole.gpus],
    "one_each": run_gang(spark, by_default, gpus, name="one", collective="none"),
    "two": run_gang(spark, whole, gpus, name="two", collective="none"),
    "none": run_gang(spark, plan_gang(spark, workers=2), gpus, name="none", collective="none"),
}
try:
    run_gang(spark, by_default, raises, name="raises", collective="none")
except GangWorkerError as error:
    told["error"] = str(error)
print(json.dumps(told))
spark.stop()
"""


@pytest.mark.slow
def test_workers_of_one_executor_have_a_gpu_each(tmp_path):
    """On a Worker that pretends to have two GPUs; with Spark's own settings otherwise."""
    marks = tmp_path / "marks"
    marks.mkdir()
    try:
        cluster = up(
            tmp_path / "cluster",
            workers=1,
            cores_per_worker=2,
            memory_per_worker_mb=1536,
            gpus_per_worker=2,
        )
        settings = [
            f"spark.master={cluster.master_url}",
            "spark.ui.enabled=false",
            "spark.executor.resource.gpu.amount=2",
        ]
        done = subprocess.run(
            [sys.executable, "-c", _APPLICATION, str(marks)],
            env={
                **os.environ,
                **environment(cluster),
                "PYSPARK_SUBMIT_ARGS": " ".join(f"--conf {item}" for item in settings)
                + " pyspark-shell",
            },
            capture_output=True,
            text=True,
            timeout=240,
        )
    finally:
        down(tmp_path / "cluster")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.strip().splitlines()[-1])
    assert told["default"] == [2, 1, 1]
    assert told["whole"] == [1, 2, 2]
    assert told["one_each"] == [["0"], ["1"]]
    assert told["two"] == [["0", "1"]]
    assert told["none"] == [[], []]
    assert "raised ValueError: seven" in told["error"]
    # Spark's own four attempts are not used: no rank ran twice.
    ranks = [path.name.partition("-")[0] for path in marks.iterdir()]
    assert ranks
    assert len(set(ranks)) == len(ranks)

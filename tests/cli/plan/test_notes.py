from __future__ import annotations

from pipeline.cli.plan.plan import plan
from tests.cli.plan.planned import CPU, GPUS, config, note, planned, problem
from tests.emr.clusters.samples import cluster

PRICES = {"m6i.xlarge": 0.25, "g5.2xlarge": 1.5}


def test_nothing_is_noted_of_a_plan_that_uses_all() -> None:
    found = planned(cluster(prices=PRICES), gang={"device": "gpu"})
    assert (found.problems, found.notes) == ([], [])


def test_by_default_trainers_that_the_cluster_file_leaves_out_are_left_out_and_noted() -> None:
    on = cluster(core=CPU, trainers=["boost"])
    found = plan(config(), on, variables={})
    assert found.problems == []
    assert [share.job for share in found.shares] == ["prepare", "boost", "score", "report"]
    told = note("cluster: trainers", found)
    assert told == "cluster: trainers: bag and deep not among them (boost), and left out"
    assert not plan(config(), cluster(core=CPU), variables={}).notes[1:]
    assert "add bag there" in problem(on, ["bag"])  # named, they are a problem
    chosen = planned(on, ["prepare"]).notes
    assert not any(each.startswith("cluster: trainers") for each in chosen)


def test_gpus_that_nothing_uses_are_noted() -> None:
    told = note("gang.device: cpu", planned())
    assert "boost and deep would leave the cluster's GPUs (2) unused" in told
    assert "--set gang.device=gpu" in told
    told = note("bagging.placement", planned(cluster(trainers=["bag"]), ["prepare", "bag"]))
    assert "--set bagging.placement=gang --set gang.device=gpu" in told
    assert not any("GPU" in each for each in planned(cluster(core=CPU)).notes)
    assert not any("GPU" in each for each in planned(jobs=["prepare", "score"]).notes)


def test_a_number_of_gpus_that_steps_overrule_is_noted() -> None:
    found = planned(gang={"device": "gpu", "gpus_per_executor": 4})
    assert found.problems == []
    assert "steps give each executor 1" in note("gang.gpus_per_executor: 4", found)


def test_executors_that_a_gang_leaves_idle_are_noted() -> None:
    on = cluster(core={**GPUS, "count": 5})
    assert "3 of 5 executors stay idle" in note("gang.workers: 2", planned(on, gang={"workers": 2}))
    for workers in (0, 5, 10, 30):
        notes = planned(on, gang={"workers": workers}).notes
        assert not any(each.startswith("gang.workers") for each in notes)


def test_trainers_that_cannot_run_at_once_are_noted_where_steps_could() -> None:
    told = note("cluster: step_concurrency", planned(cluster(step_concurrency=3)))
    assert "one after the other all the same" in told
    assert not any("step_concurrency" in each for each in planned(cluster()).notes)


def test_types_without_a_price_are_noted() -> None:
    found = planned(cluster(prices={"g5.2xlarge": 1.5}))
    assert found.hourly is None
    assert note("cluster: prices", found).startswith("cluster: prices: none for m6i.xlarge:")
    assert planned(cluster(prices=PRICES)).hourly == 0.25 + 2 * 1.5


def test_modules_that_nodes_may_lack_are_noted() -> None:
    callbacks = {"deep": {"callbacks": ["mine.watch"]}}
    assert "spark.yarn.dist.pyFiles" in note("deep.callbacks: mine.watch", planned(**callbacks))
    brought = planned(spark={"spark.yarn.dist.pyFiles": "s3://bucket/mine.py"}, **callbacks)
    assert not any(each.startswith("deep.callbacks") for each in brought.notes)


def test_what_the_plan_does_not_count_is_noted() -> None:
    spark = {"spark.driver.cores": 4, "spark.memory.offHeap.enabled": True}
    found = planned(spark=spark)
    assert note("spark: spark.driver.cores", found)
    assert note("spark: spark.memory.offHeap.enabled", found)

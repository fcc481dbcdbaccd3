from __future__ import annotations

import json

from pipeline.cli.plan.text import as_json, as_text
from tests.cli.plan.planned import CPU, GPUS, planned
from tests.emr.clusters.samples import cluster

PRICES = {"m6i.xlarge": 0.25, "g5.2xlarge": 1.5}


def test_a_person_reads_what_runs_where() -> None:
    found = planned(cluster(prices=PRICES), gang={"device": "gpu"})
    assert as_text(found, "g5.yaml").splitlines() == [
        "small on cluster small (emr-7.14.0)",
        "",
        "primary    1 x m6i.xlarge, On-Demand",
        "core       2 x g5.2xlarge, On-Demand: 23424 MiB, 8 cores, 1 GPU for YARN on each",
        "driver     2928 MiB of heap and 2928 MiB outside, of each step",
        "executors  2 x 7027 MiB of heap and 10541 MiB outside, 7 cores, 1 GPU, of each step",
        "",
        "steps",
        "  1  prepare  2 executors",
        "  2  bag      2 executors, 14 replicas at once; a gang where the rows do not fit a task",
        "  3  boost    a gang of 2 workers, 7 cores and 1 GPU each",
        "  4  deep     a gang of 2 workers, 7 cores and 1 GPU each",
        "  5  score    2 executors",
        "  6  report   2 executors",
        "",
        "price  at most 3.25 an hour for instances (volumes, S3 and network come on top), by the "
        "prices in g5.yaml",
        "idle   ends by itself after 30 minutes idle (no application on YARN, and HDFS less than "
        "10 % full)",
    ]


def test_spot_and_missing_prices_are_told() -> None:
    task = {**GPUS, "market": "spot"}
    spot = cluster(trainers=["bag"], task=task, prices=PRICES)
    told = as_text(planned(spot, ["prepare", "bag"]), "spot.yaml")
    assert "task       2 x g5.2xlarge, Spot" in told
    assert "at most 6.25 an hour for instances (" in told
    assert "), by the prices in spot.yaml; Spot counted as On-Demand\n" in told
    assert "  1  prepare  up to 4 executors\n" in told
    unknown = as_text(planned(cluster()), "g5.yaml")
    said = "an unknown sum an hour (the cluster file has no price for m6i.xlarge, g5.2xlarge)"
    assert f"price  {said}\n" in unknown


def test_jobs_side_by_side_have_one_number() -> None:
    half = {"spark.executor.instances": 2, "spark.executor.cores": 3, "spark.executor.memory": "2g"}
    small = {"spark.executor.memoryOverhead": "2g", "spark.driver.memory": "1g"}
    on = cluster(core=CPU, step_concurrency=2)
    found = planned(on, ["prepare", "boost", "deep", "score"], spark={**half, **small})
    assert found.groups == [["prepare"], ["boost", "deep"], ["score"]]
    assert [line[:12] for line in as_text(found, "cpu.yaml").splitlines()[8:12]] == [
        "  1  prepare",
        "  2  boost  ",
        "     deep   ",
        "  3  score  ",
    ]


def test_problems_and_notes_end_the_text_and_a_gang_that_never_fits_is_called_so() -> None:
    found = planned(cluster(core=CPU), gang={"device": "gpu"}, scratch="hdfs:///small")
    lines = as_text(found, "cpu.yaml").splitlines()
    assert lines[-2] == "problems"
    assert lines[-1] == f"  {found.problems[0]}"
    assert f"  {found.notes[0]}" in lines[lines.index("notes") :]
    assert "  3  boost    a gang that never fits" in lines


def test_bagging_says_whether_it_may_turn_to_a_gang() -> None:
    def said(**bagging: str) -> str:
        lines = as_text(planned(jobs=["bag"], bagging=bagging), "g5.yaml").splitlines()
        return next(line for line in lines if line.startswith("  1  bag"))

    assert "; a gang where the rows do not fit a task" in said()
    assert said(placement="task").endswith("14 replicas at once")
    assert said(learner="network").endswith("14 replicas at once")
    assert said(placement="gang").endswith("a gang of 2 workers, 7 cores each")


def test_json_holds_what_the_text_says() -> None:
    for on in (cluster(prices=PRICES), cluster(core=CPU)):
        plan = planned(on, gang={"device": "gpu"}, output="hdfs:///small")
        text = as_text(plan, "file.yaml")
        found = json.loads(json.dumps(as_json(plan)))
        said = [
            found["name"],
            found["release"],
            *(name for node in found["nodes"] for name in node["types"]),
            *(f"{node['yarn']['memory_mb']} MiB" for node in found["nodes"] if node["yarn"]),
            f"{found['driver']['heap_mb']} MiB of heap",
            f"{found['executors']['count']} x {found['executors']['heap_mb']} MiB of heap and "
            f"{found['executors']['overhead_mb']} MiB outside, {found['executors']['cores']} cores",
            *(f"{n}  {group[0]}" for n, group in enumerate(found["steps"], start=1)),
            f"{found['jobs']['bag']['replicas']} replicas",
            *found["price"]["unknown"],
            f"{found['idle_minutes']} minutes",
            *found["notes"],
            *found["problems"],
        ]
        gang = found["jobs"]["boost"]["gang"]
        if gang is not None:
            said.append(f"a gang of {gang['workers']} workers, {gang['cores']} cores and")
        if found["price"]["most_per_hour"] is not None:
            said.append(f"{found['price']['most_per_hour']:.2f} an hour")
        assert [each for each in said if each not in text] == []

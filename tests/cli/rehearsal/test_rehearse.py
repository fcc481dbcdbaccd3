"""The jobs as steps of EMR run them: YARN in cluster mode, HDFS or S3, dynamic allocation on."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline import files
from pipeline.store.runs import list_runs
from tests.cli.rehearsal.containers import wait_until
from tests.cli.rehearsal.rehearsed import COMMAND, Rehearsals, small_config

Make = Callable[..., Rehearsals]
_DYNAMIC = "spark.spark.dynamicAllocation.enabled=true"  # wins over what the step says
JOBS = ("prepare", "bag", "boost", "deep", "score", "report")


def asked(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return json.load(answer)


def gpus_in_use(webapp: str) -> list[int]:
    """GPUs that YARN has given away on each node."""
    found = []
    for node in asked(f"{webapp}/ws/v1/cluster/nodes")["nodes"]["node"]:
        used = node["usedResource"]["resourceInformations"]["resourceInformation"]
        found += [int(each["value"]) for each in used if each["name"] == "yarn.io/gpu"]
    return found


def attempts(rehearsals: Rehearsals, job: str) -> list[dict[str, Any]]:
    """YARN's attempts at the job's application, the first first."""
    (application,) = rehearsals.applications(job)
    url = f"{rehearsals.hadoop.webapp}/ws/v1/cluster/apps/{application.id}/appattempts"
    found: list[dict[str, Any]] = asked(url)["appAttempts"]["appAttempt"]
    return sorted(found, key=lambda each: int(each["id"]))


def seconds_until_the_error(rehearsals: Rehearsals, job: str) -> float:
    """From the start of the driver's container until the job's record had its error."""
    ended = datetime.fromisoformat(rehearsals.record()["jobs"][job]["ended"]).timestamp()
    return float(ended - attempts(rehearsals, job)[0]["startTime"] / 1000)


@pytest.mark.timeout(400)
def test_a_gang_trains_on_yarn_from_hdfs_with_a_gpu_for_each_executor(rehearsals: Make) -> None:
    small = rehearsals()
    process = small.start("--jobs", "prepare", "boost")
    seen: set[tuple[int, ...]] = set()

    def is_over() -> bool:
        if list_runs(small.output) and small.applications("boost"):
            seen.add(tuple(gpus_in_use(small.hadoop.webapp)))
        return process.poll() is not None

    wait_until(is_over, "the rehearsal ended", 350)
    said, _ = process.communicate()
    assert process.returncode == 0, said
    assert (1, 1) in seen
    record = small.record()
    assert [part["outcome"] for part in record["jobs"].values()] == ["success"] * 2
    assert files.exists(f"{small.output}/models/boosting")
    (application,) = small.applications("boost")
    assert application.final_status == "SUCCEEDED"
    log = files.read_bytes(record["jobs"]["boost"]["log"]).decode()
    assert "rank 0 of 2" in log
    assert "rank 1 of 2" in log


@pytest.mark.yarn
@pytest.mark.timeout(900)
def test_all_jobs_run_and_the_report_comes_to_this_machine(rehearsals: Make) -> None:
    small = rehearsals()
    code, said = small.run(timeout=850)
    assert code == 0, said
    assert "bag, boost, deep run one after the other: together they would not fit" in said
    record = small.record()
    assert record["outcome"] == "success"
    assert tuple(record["jobs"]) == JOBS
    report = small.config.parent / "out" / "report"
    assert "small-" in (report / "report.html").read_text()
    assert {"bagging", "boosting", "deep"} <= set(
        json.loads((report / "report.json").read_text())["models"]
    )
    code, said = small.run()
    assert code == 0, said
    assert said.count(": kept, ") == len(JOBS)


@pytest.mark.yarn
@pytest.mark.timeout(900)
def test_all_jobs_run_on_s3(rehearsals: Make, s3: str) -> None:
    small = rehearsals(base=f"{s3}/rehearsals")
    code, said = small.run(timeout=850)
    assert code == 0, said
    assert small.output.startswith("s3://bucket/rehearsals/small-")
    assert tuple(small.record()["jobs"]) == JOBS
    assert files.exists(f"{small.output}/models/deep")
    assert (small.config.parent / "out" / "report" / "report.html").exists()


@pytest.mark.yarn
@pytest.mark.timeout(400)
def test_bad_input_ends_with_its_error_and_trains_nothing_twice(rehearsals: Make) -> None:
    small = rehearsals(columns={"label": "nothing"})
    code, said = small.run("--jobs", "prepare")
    assert code == 2, said
    part = small.record()["jobs"]["prepare"]
    assert (part["outcome"], part["exit_code"]) == ("failed", 2)
    assert "nothing" in part["error"]
    assert part["error"] in said
    assert "Traceback" not in said
    assert "\tat " not in said
    (application,) = small.applications("prepare")
    assert application.final_status == "FAILED"
    # YARN has started it twice; the record is still that of the first time.
    assert len(attempts(small, "prepare")) == 2
    assert part["number"] == 1


@pytest.mark.yarn
@pytest.mark.timeout(600)
def test_a_gang_that_can_never_fit_is_refused_on_the_cluster(rehearsals: Make) -> None:
    small = rehearsals(gang={"workers": 3, "device": "gpu"})
    code, said = small.run("--jobs", "prepare", "boost")
    assert code == 2, said
    part = small.record()["jobs"]["boost"]
    assert "a gang of 3 workers with at least 1 core and 1 GPUs each can never fit" in part["error"]
    assert len(attempts(small, "boost")) == 2
    assert part["number"] == 1
    assert seconds_until_the_error(small, "boost") < 60  # 10 on a machine of one's own


@pytest.mark.yarn
@pytest.mark.timeout(600)
def test_a_step_by_hand_with_dynamic_allocation_says_what_to_set(rehearsals: Make) -> None:
    small = rehearsals()
    code, said = small.run("--jobs", "prepare")
    assert code == 0, said
    code, said = small.run("--jobs", "boost", "--set", _DYNAMIC)
    assert code == 2, said
    part = small.record()["jobs"]["boost"]
    assert "Submit with --conf spark.dynamicAllocation.enabled=false" in part["error"]
    assert seconds_until_the_error(small, "boost") < 60


@pytest.mark.yarn
@pytest.mark.timeout(300)
def test_a_driver_that_could_not_begin_is_explained_by_its_own_words(rehearsals: Make) -> None:
    """An error before there is a record: it is in the logs of YARN's containers alone."""
    small = rehearsals()
    code, said = small.run("--jobs", "prepare", "--python", "/no/such/python")
    assert code == 1
    assert "/no/such/python" in said
    assert "logs of its containers: " in said


@pytest.mark.yarn
def test_what_no_node_can_hold_is_refused_before_anything_is_submitted(rehearsals: Make) -> None:
    small = rehearsals(spark={"spark.executor.memory": "100g"})
    code, said = small.run("--jobs", "prepare")
    assert code == 2
    assert "can never fit this cluster (4096 MiB, 2 cores, 1 GPUs; 4096 MiB" in said
    assert not files.exists(small.output)


@pytest.mark.yarn
def test_a_config_that_is_wrong_is_told_before_anything_is_submitted(rehearsals: Make) -> None:
    small = rehearsals(boosting={"rounds": -1})
    code, said = small.run()
    assert code == 2
    assert "boosting: BoostingClassifier: rounds must be 1 or more, not -1" in said


def test_without_a_hadoop_the_command_that_starts_one_is_told(tmp_path: Path) -> None:
    config, none = small_config(tmp_path, "small"), tmp_path / "none"
    command = [str(COMMAND), "rehearse", "--config", str(config), "--cluster", str(none)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "start one: emr-ensembles local up --yarn --dir" in done.stderr

from pathlib import Path

import pytest

from pipeline.cli.job_config import FREE_KEYS, JobConfig
from pipeline.cli.output_places import JOBS
from pipeline.cli.runs.room import Room, wait_for_each_other
from pipeline.config import load
from pipeline.emr.executors import Node
from pipeline.errors import UserError
from tests.cli.rehearsal.rehearsed import small_config

LARGE = Room([Node(24_576, 8, 1)] * 6, 32)
THIRD = {
    "spark.executor.instances": 2,
    "spark.executor.cores": 2,
    "spark.executor.memory": "4g",
    "spark.executor.memoryOverhead": "4g",
    "spark.driver.memory": "2g",
    "spark.driver.memoryOverhead": "1g",
}


def config(place: Path, **spark: object) -> JobConfig:
    return load(JobConfig, str(small_config(place, "small", spark=spark)), [], FREE_KEYS)


def test_trainers_stand_together_only_where_all_their_containers_fit(tmp_path: Path) -> None:
    whole = LARGE.layout(config(tmp_path))
    assert LARGE.groups(JOBS, whole) == [[job] for job in JOBS]
    large = {name: THIRD[name] for name in list(THIRD)[:3]}
    third = LARGE.layout(config(tmp_path, **large))
    assert [len(group) for group in LARGE.groups(JOBS, third)] == [1] * 6
    third = LARGE.layout(config(tmp_path, **THIRD))
    together = [["prepare"], ["bag", "boost", "deep"], ["score"], ["report"]]
    assert LARGE.groups(JOBS, third) == together
    assert LARGE.groups(["boost", "score"], third) == [["boost"], ["score"]]


def test_where_fewer_may_run_at_once_only_so_many_must_fit(tmp_path: Path) -> None:
    half = LARGE.layout(config(tmp_path, **THIRD | {"spark.executor.instances": 3}))
    assert [len(group) for group in LARGE.groups(JOBS, half, 3)] == [1] * 6
    assert LARGE.groups(JOBS, half, 2)[1] == ["bag", "boost", "deep"]
    assert [len(group) for group in LARGE.groups(JOBS, half, 1)] == [1] * 6


def test_trainers_that_stand_apart_do_not_wait_for_lack_of_room() -> None:
    assert wait_for_each_other([["prepare"], ["bag"], ["boost"]])
    assert not wait_for_each_other([["bag", "boost"], ["score"]])
    assert not wait_for_each_other([["bag"], ["score"], ["boost"]])


def test_what_no_cluster_holds_is_refused_with_the_nodes(tmp_path: Path) -> None:
    told = r"can never fit this cluster \(6 x 24576 MiB, 8 cores, 1 GPUs\); lower what `spark`"
    with pytest.raises(UserError, match=told):
        LARGE.layout(config(tmp_path, **{"spark.executor.instances": 7}))


def test_executors_that_are_none_or_have_no_core_are_refused(tmp_path: Path) -> None:
    nothing = {"spark.executor.instances": 0, "spark.executor.cores": 0}
    with pytest.raises(UserError, match=r"instances must be 1 or more; .*cores must be 1 or more"):
        LARGE.layout(config(tmp_path, **nothing))

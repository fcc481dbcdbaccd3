from pathlib import Path

import pytest

from pipeline.cli.job_config import FREE_KEYS, JobConfig
from pipeline.cli.rehearsal.room import Room
from pipeline.cli.runs.sequence import JOBS
from pipeline.config import load
from pipeline.emr.executors import Node
from pipeline.errors import UserError
from tests.cli.rehearsal.rehearsed import small_config

LARGE = Room([Node(24_576, 8, 1)] * 6, 32)


def config(place: Path, **spark: object) -> JobConfig:
    return load(JobConfig, str(small_config(place, "small", spark=spark)), [], FREE_KEYS)


def test_trainers_stand_together_only_where_all_their_containers_fit(tmp_path: Path) -> None:
    whole = LARGE.layout(config(tmp_path))
    assert LARGE.groups(JOBS, whole) == [[job] for job in JOBS]
    asked = {"spark.executor.instances": 2, "spark.executor.cores": 2}
    third = LARGE.layout(config(tmp_path, **asked, **{"spark.executor.memory": "4g"}))
    assert [len(group) for group in LARGE.groups(JOBS, third)] == [1] * 6
    small = {**asked, "spark.executor.memory": "4g", "spark.executor.memoryOverhead": "4g"}
    drivers = {"spark.driver.memory": "2g", "spark.driver.memoryOverhead": "1g"}
    third = LARGE.layout(config(tmp_path, **small, **drivers))
    together = [["prepare"], ["bag", "boost", "deep"], ["score"], ["report"]]
    assert LARGE.groups(JOBS, third) == together
    assert LARGE.groups(["boost", "score"], third) == [["boost"], ["score"]]


def test_what_no_cluster_holds_is_refused_with_the_nodes(tmp_path: Path) -> None:
    told = r"can never fit this cluster \(24576 MiB, 8 cores, 1 GPUs; .* lower what `spark`"
    with pytest.raises(UserError, match=told):
        LARGE.layout(config(tmp_path, **{"spark.executor.instances": 7}))

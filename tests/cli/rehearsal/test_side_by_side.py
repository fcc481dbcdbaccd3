"""Applications that share one cluster: together where they fit, else no one waits for ever."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.local.hadoop import cluster
from pipeline.local.hadoop.state import HadoopState
from pipeline.store.runs import list_runs
from tests.cli.rehearsal.containers import wait_until
from tests.cli.rehearsal.rehearsed import Rehearsals, rehearsals_of

pytestmark = [pytest.mark.yarn, pytest.mark.timeout(1200)]


def test_a_gang_that_another_application_keeps_out_gives_up_in_time(
    rehearsals: Callable[..., Rehearsals], hadoop: HadoopState, tmp_path: Path
) -> None:
    """Two applications, one cluster: the first holds the executors, the second ends."""
    first = rehearsals(boosting={"rounds": 60_000, "early_stopping_rounds": 0})
    code, said = first.run("--jobs", "prepare")
    assert code == 0, said
    (tmp_path / "second").mkdir()
    second = rehearsals_of(hadoop, tmp_path / "second", gang={"wait": 5})
    code, said = second.run("--jobs", "prepare")
    assert code == 0, said
    holder = first.start("--jobs", "boost")
    try:
        wait_until(lambda: len(list_runs(first.output)) > 1, "the first began")
        wait_until(lambda: "RUNNING" in states(first), "the first ran")
        code, said = second.run("--jobs", "boost")
        assert code == 1, said
        error = second.record()["jobs"]["boost"]["error"]
        assert "of 2 workers have an executor, 5 s on (gang.wait)" in error
        assert error in said
        assert [each.final_status for each in second.applications("boost")] == ["FAILED"]
        assert holder.poll() is None
    finally:
        holder.terminate()
        holder.communicate(timeout=60)


def states(rehearsals: Rehearsals) -> list[str]:
    return [each.state for each in rehearsals.applications("boost")]


@pytest.fixture
def wide(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[HadoopState]:
    """A cluster with room for three small applications."""
    directory = tmp_path_factory.mktemp("wide")
    try:
        state = cluster.up(directory, nodes=2, cores_per_node=4, memory_per_node_mb=6_144)
        monkeypatch.setenv("HADOOP_CONF_DIR", state.configuration)
        yield state
    finally:
        cluster.down(directory)


def test_trainers_that_fit_together_run_together(wide: HadoopState, tmp_path: Path) -> None:
    small = {
        "spark.executor.instances": 1,
        "spark.executor.cores": 1,
        "spark.executor.memory": "700m",
        "spark.executor.memoryOverhead": "1g",
        "spark.driver.memory": "600m",
        "spark.driver.memoryOverhead": "700m",
        "spark.sql.shuffle.partitions": 4,
    }
    own = rehearsals_of(wide, tmp_path, spark=small)
    code, said = own.run("--jobs", "prepare", "bag", "boost", "deep", timeout=800)
    assert code == 0, said
    assert "bag, boost, deep run side by side" in said
    parts = own.record()["jobs"]
    began = max(parts[job]["started"] for job in ("bag", "boost", "deep"))
    ended = min(parts[job]["ended"] for job in ("bag", "boost", "deep"))
    assert began < ended

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.errors import UserError
from pipeline.spark import memory
from pipeline.spark.memory import (
    require_memory,
    require_memory_of_task,
    tasks_at_once,
    warn_of_drivers_memory,
)
from pipeline.spark.resources import GangPlan

MIB = 2**20


@pytest.fixture
def shards(tmp_path: Path) -> Any:
    """Two workers, of whom the second has 5 + 3 MiB."""
    (tmp_path / "shards").mkdir()
    sizes = {"train-00000": 4, "train-00001": 5, "validation-00001": 3, "validation-00000": 2}
    for name, size in sizes.items():
        (tmp_path / "shards" / f"{name}.arrow").write_bytes(bytes(size * MIB))
    (tmp_path / "owner.json").write_text("{}")
    return SimpleNamespace(uri=str(tmp_path))


def on(master: str, mode: str = "client") -> Any:
    scala_conf = SimpleNamespace(getSizeAsMb=lambda name, default: 2_000)
    scala = SimpleNamespace(executorMemory=lambda: 1_000, conf=lambda: scala_conf)
    context = SimpleNamespace(
        master=master,
        _jsc=SimpleNamespace(sc=lambda: scala),
        getConf=lambda: {"spark.executor.cores": "4", "spark.submit.deployMode": mode},
    )
    return SimpleNamespace(sparkContext=context)


def plan(cores: int) -> GangPlan:
    return GangPlan(workers=2, cores=cores, gpus=0, profile=None)


@pytest.mark.parametrize(("given", "fits"), [(815, False), (816, True)])
def test_the_largest_shard_is_held_against_the_overhead(
    given: int, fits: bool, shards: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "overhead_mb", lambda *_: given)
    if fits:
        require_memory(on("yarn"), plan(4), shards, 2.0, "boosting")
        return
    told = r"boosting: the largest shard has 8 MiB; .* Set spark.executor.memoryOverhead to 816m"
    with pytest.raises(UserError, match=told):
        require_memory(on("yarn"), plan(4), shards, 2.0, "boosting")


def test_workers_that_share_an_executor_are_counted_together(
    shards: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "overhead_mb", lambda *_: 827)
    with pytest.raises(UserError, match=r"the 2 largest shards, of one executor, .* to 828m"):
        require_memory(on("yarn"), plan(2), shards, 2.0, "boosting")


def test_what_each_worker_trains_is_counted_besides_its_rows(
    shards: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "overhead_mb", lambda *_: 1_027)
    with pytest.raises(UserError, match=r"an executor takes 1000 MiB and 2 times .* to 1028m"):
        require_memory(on("yarn"), plan(2), shards, 2.0, "deep", own_mb=100)


def test_elsewhere_nobody_kills_for_it(shards: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "overhead_mb", lambda *_: 0)
    require_memory(on("spark://host:7077"), plan(4), shards, 2.0, "boosting")
    require_memory_of_task(on("local[2]"), 10**6, "text")


def test_a_task_alone_is_held_against_the_overhead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "overhead_mb", lambda *_: 1_000)
    require_memory_of_task(on("yarn"), 200, "text")
    told = r"text: an executor takes 1001 MiB .* have 1000, .*memoryOverhead to 1001m or more"
    with pytest.raises(UserError, match=told):
        require_memory_of_task(on("yarn"), 201, "text")


def test_tasks_of_an_executor_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    assert tasks_at_once(on("yarn")) == 4
    monkeypatch.setattr(memory, "overhead_mb", lambda *_: 1_600)
    require_memory_of_task(on("yarn"), 200, "text", tasks=4)
    told = r"an executor takes 1604 MiB .* in 4 tasks at a time; .* to 1604m or more"
    with pytest.raises(UserError, match=told):
        require_memory_of_task(on("yarn"), 201, "text", tasks=4)


def test_a_driver_in_a_container_is_told_of_when_it_may_not_hold_what_is_trained(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[tuple[str, int]] = []

    def overhead(_spark: Any, whose: str, heap_mb: int) -> int:
        asked.append((whose, heap_mb))
        return 384

    monkeypatch.setattr(memory, "overhead_mb", overhead)
    warn_of_drivers_memory(on("yarn", "cluster"), 384, "text")
    for elsewhere in (on("yarn"), on("spark://host:7077", "cluster")):
        warn_of_drivers_memory(elsewhere, 10**6, "text")
    assert not caplog.messages
    warn_of_drivers_memory(on("yarn", "cluster"), 385, "text")
    (told,) = caplog.messages
    assert told.startswith("text: what is trained takes 385 MiB of the driver outside of its heap")
    assert told.endswith("Set spark.driver.memoryOverhead to 1185m")
    assert asked == [("driver", 2_000)] * 2

import stat
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.local import state as states
from pipeline.local.state import ClusterState, Daemon, Shape, WorkerState


def make_state(directory: Path) -> ClusterState:
    return ClusterState(
        directory=str(directory),
        ready=True,
        master_url="spark://127.0.0.1:7077",
        web_url="http://127.0.0.1:8080",
        master=Daemon("Master", 10, 1.5, "master.log"),
        workers=(WorkerState(Daemon("Worker 0", 11, 2.5, "w.log"), "http://w", 1, 1024, 2),),
        shape=Shape(1, 1, 1024, 2),
        java_home="/java",
        python="/python",
        spark_home="/spark",
    )


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    state = make_state(tmp_path)
    states.save(state)
    assert states.load(tmp_path) == state


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    states.save(make_state(tmp_path))
    assert stat.S_IMODE((tmp_path / "cluster.json").stat().st_mode) == 0o600


def test_no_file_is_no_state(tmp_path: Path) -> None:
    assert states.load(tmp_path / "nowhere") is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"master": {"pid": 1}}'])
def test_another_file_of_that_name_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "cluster.json").write_text(text)
    with pytest.raises(UserError, match=r"cluster\.json: cannot be understood"):
        states.load(tmp_path)


def test_a_shape_reads_as_a_sentence() -> None:
    shape = Shape(workers=2, cores_per_worker=1, memory_per_worker_mb=1024, gpus_per_worker=0)
    assert str(shape) == "2 workers, each of 1 core, 1024 MiB, 0 GPUs"

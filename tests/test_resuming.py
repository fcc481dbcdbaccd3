"""A run whose driver is killed, or which is interrupted, goes on where it was."""

from __future__ import annotations

import hashlib
import json
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from pipeline.local.cluster import down, up
from pipeline.store import model_directory
from tests.main_job import emr_ensembles, finish, start, write_config

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

MODELS = ("bagging", "boosting", "deep")
_TRIES = 4000


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    directory = tmp_path_factory.mktemp("own-cluster")
    try:
        up(directory, workers=2, cores_per_worker=1, memory_per_worker_mb=1200)
        yield directory
    finally:
        down(directory)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("table")
    return write_config(directory, scratch=str(directory / "scratch"))


@pytest.fixture(scope="module")
def undisturbed(cluster: Path, config: Path) -> dict[str, dict[str, str]]:
    """Digests of the models of a run that nobody killed."""
    found = finish(start(command(cluster, config, "undisturbed")))
    assert found.returncode == 0, found.stdout + found.stderr
    return digests(config, "undisturbed")


def command(cluster: Path, config: Path, output: str) -> list[str]:
    place = ["--set", f"output={config.parent / output}"]
    return emr_ensembles("run", "--cluster", str(cluster), "--config", str(config), *place)


def digests(config: Path, output: str) -> dict[str, dict[str, str]]:
    """SHA-256 of the models' native files."""
    models = config.parent / output / "models"
    natives = {name: model_directory.read(str(models / name))[1] for name in MODELS}
    return {
        name: {file: hashlib.sha256(data).hexdigest() for file, data in found.items()}
        for name, found in natives.items()
    }


@contextmanager
def running(arguments: list[str]) -> Iterator[subprocess.Popen[str]]:
    """A command that is not left behind when the test fails."""
    process = start(arguments)
    try:
        yield process
    finally:
        if process.poll() is None:
            for each in [*psutil.Process(process.pid).children(recursive=True), process]:
                each.kill()


def job_process(run: subprocess.Popen[str], job: str, kind: str) -> psutil.Process:
    """A job's JVM, or its Python driver, once it is there."""
    for _ in range(_TRIES):
        assert run.poll() is None, f"the run ended before {job}"
        try:
            for process in psutil.Process(run.pid).children(recursive=True):
                line = process.cmdline()
                is_of_job = any(part.endswith(f"jobs/{job}.py") for part in line)
                if is_of_job and ("java" in Path(line[0]).name) == (kind == "java"):
                    return process
        except psutil.Error:
            continue  # it came or went while we looked
        time.sleep(0.05)
    raise TimeoutError(job)


def records(config: Path, output: str) -> list[dict[str, Any]]:
    paths = sorted((config.parent / output / "runs").glob("*/run.json"))
    return [json.loads(path.read_text()) for path in paths]


def wait_for_work(run: subprocess.Popen[str], config: Path, output: str, job: str) -> None:
    """Until a job has begun to write what it makes."""
    made = {"prepare": f"{output}/data/v000001-*", "bag": "scratch/bagging-*/shards/*"}
    pattern = made.get(job, f"scratch/{job}*-*/shards/*")
    for _ in range(_TRIES):
        if any(config.parent.glob(pattern)):
            return
        assert run.poll() is None, f"the run ended before {job} worked"
        time.sleep(0.05)
    raise TimeoutError(job)


@pytest.mark.parametrize(
    ("job", "kind"), [("prepare", "java"), ("bag", "python"), ("boost", "run"), ("deep", "java")]
)
def test_a_run_whose_driver_was_killed_goes_on(
    cluster: Path,
    config: Path,
    undisturbed: dict[str, dict[str, str]],
    job: str,
    kind: str,
) -> None:
    """The job's JVM, its Python driver, or the command itself."""
    output = f"killed-{job}"
    with running(command(cluster, config, output)) as run:
        wait_for_work(run, config, output, job)
        victim = job_process(run, job, kind) if kind != "run" else psutil.Process(run.pid)
        victim.kill()
        assert finish(run).returncode != 0
    again = finish(start(command(cluster, config, output)))
    assert again.returncode == 0, again.stdout + again.stderr
    before = ["prepare", "bag", "boost", "deep"]
    kept = before[: before.index(job)]
    for done in kept:
        assert f"== {done}: kept, nothing it depends on has changed" in again.stderr
    assert digests(config, output) == undisturbed
    first, last = records(config, output)
    assert last["outcome"] == "success"
    assert [name for name, part in last["jobs"].items() if part["outcome"] == "kept"] == kept
    assert first["outcome"] in ("failed", "running")
    assert list((config.parent / "scratch").iterdir()) == []


def test_ctrl_c_ends_the_job_cleanly(cluster: Path, config: Path) -> None:
    with running(command(cluster, config, "interrupted")) as run:
        wait_for_work(run, config, "interrupted", "bag")
        run.send_signal(signal.SIGINT)
        found = finish(run)
    assert found.returncode == 130, found.stdout + found.stderr
    assert "Traceback" not in found.stdout + found.stderr
    (record,) = records(config, "interrupted")
    assert (record["outcome"], record["exit_code"]) == ("interrupted", 130)
    assert record["jobs"]["bag"]["outcome"] == "interrupted"
    assert list((config.parent / "scratch").iterdir()) == []
    assert not (config.parent / "interrupted" / "models").exists()


@pytest.mark.chaos
def test_a_run_survives_kills_at_random_moments(
    cluster: Path, config: Path, undisturbed: dict[str, dict[str, str]]
) -> None:
    generator = random.Random(1)
    for _ in range(6):
        run = start(command(cluster, config, "random"))
        try:
            run.wait(generator.uniform(1, 45))
        except subprocess.TimeoutExpired:
            processes = [psutil.Process(run.pid), *psutil.Process(run.pid).children(recursive=True)]
            generator.choice(processes).kill()
        finish(run)
    again = finish(start(command(cluster, config, "random")))
    assert again.returncode == 0, again.stdout + again.stderr
    assert digests(config, "random") == undisturbed


def test_the_tree_of_a_killed_run_is_gone(cluster: Path, config: Path) -> None:
    with running(command(cluster, config, "orphans")) as run:
        python = job_process(run, "prepare", "python")
        java = job_process(run, "prepare", "java")
        run.kill()
        run.wait()
    gone, alive = psutil.wait_procs([java, python], timeout=40)
    assert not alive, [process.cmdline() for process in alive]
    assert len(gone) == 2

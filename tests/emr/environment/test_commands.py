from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest

from pipeline import files
from pipeline.emr.environment import commands
from pipeline.emr.environment.archive import Archive, make_archive
from pipeline.emr.environment.building import Build
from pipeline.emr.environment.locks import requirements_directory
from pipeline.emr.environment.node import Node
from pipeline.emr.environment.target import CPU
from pipeline.errors import UserError

CPU_NAME = CPU.environment_name(requirements_directory())


def call(*words: str) -> int:
    parser = argparse.ArgumentParser()
    commands.add_parser(parser.add_subparsers())
    args = parser.parse_args(["env", *words])
    return int(args.handler(args))


@pytest.fixture
def builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Build]]:
    """Where each build was done and what was wanted; docker answers. An archive comes out."""
    seen: list[tuple[str, Build]] = []

    def building(where: str) -> Any:
        def build(wanted: Build, output: Path, _say: object) -> Archive:
            seen.append((where, wanted))
            (tmp_path / "environment").mkdir(exist_ok=True)
            output.mkdir(parents=True, exist_ok=True)
            name = wanted.target.archive_name(wanted.requirements)
            return make_archive(tmp_path / "environment", output / name)

        return build

    monkeypatch.setattr(commands, "build", building("machine"))
    monkeypatch.setattr(commands, "build_in_container", building("container"))
    monkeypatch.setattr(commands, "docker_answers", lambda: True)
    return seen


def test_the_archive_its_checksum_and_the_settings_are_told(
    builds: list[tuple[str, Build]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("pack", "--target", "cpu", "--output", str(tmp_path / "out")) == 0
    said = capsys.readouterr().out
    archive = tmp_path / "out" / CPU.archive_name(requirements_directory())
    digest = archive.with_name(f"{archive.name}.sha256").read_text().split()[0]
    for told in (
        str(archive),
        digest,
        f"--conf spark.archives={archive}#environment",
        "--conf spark.pyspark.python=./environment/bin/python",
        f"--conf spark.pyspark.python=/opt/emr-ensembles/env/{CPU_NAME}/bin/python",
    ):
        assert told in said
    assert f"environment  {CPU_NAME}\n" in said


def test_no_container_is_told_to_unpack_the_gpu_environment(
    builds: list[tuple[str, Build]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(commands, "gpu_wheel", lambda wheel, _requirements: wheel)
    words = ("pack", "--target", "gpu", "--output", str(tmp_path / "out"))
    assert call(*words, "--horovod-wheel", "horovod.whl") == 0
    said = capsys.readouterr().out
    assert "spark.pyspark.python=/opt/emr-ensembles/env/gpu-" in said
    assert "spark.archives" not in said
    assert builds[0][1].horovod_wheel == Path("horovod.whl")


def test_a_container_builds_where_docker_answers(
    builds: list[tuple[str, Build]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("pack", "--target", "cpu", "--output", str(tmp_path / "out"))
    call(*words)
    call(*words, "--no-docker")
    monkeypatch.setattr(commands, "docker_answers", lambda: False)
    call(*words)
    assert [where for where, _ in builds] == ["container", "machine", "machine"]


def test_the_node_is_as_the_options_say(builds: list[tuple[str, Build]], tmp_path: Path) -> None:
    words = ("pack", "--target", "cpu", "--output", str(tmp_path / "out"))
    call(*words)
    call(*words, "--node-python", "/opt/py", "--node-python-version", "3.12", "--node-glibc", "2.9")
    assert [wanted.node for _, wanted in builds] == [Node(), Node("/opt/py", (3, 12), (2, 9))]


def test_a_gpu_environment_without_horovod_is_refused_before_anything_is_built(
    builds: list[tuple[str, Build]],
) -> None:
    with pytest.raises(UserError, match=r"requirements/horovod_gpu\.sh"):
        call("pack", "--target", "gpu")
    assert builds == []


def test_a_wheel_for_the_cpu_environment_is_refused(builds: list[tuple[str, Build]]) -> None:
    with pytest.raises(UserError, match="--horovod-wheel is for --target gpu"):
        call("pack", "--target", "cpu", "--horovod-wheel", "x.whl")
    assert builds == []


def test_packing_publishes_and_the_setting_names_the_published_one(
    builds: list[tuple[str, Build]],
    s3: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    prefix = f"{s3}/{tmp_path.name}"
    words = ("pack", "--target", "cpu", "--output", str(tmp_path / "out"), "--publish", prefix)
    uri = f"{prefix}/{CPU.archive_name(requirements_directory())}"
    assert call(*words) == 0
    assert f"--conf spark.archives={uri}#environment" in capsys.readouterr().out
    assert files.exists(uri)
    assert call(*words) == 0
    assert f"{uri} (was there already)" in capsys.readouterr().out


def test_a_packed_archive_is_published_without_packing_it_again(
    builds: list[tuple[str, Build]], tmp_path: Path
) -> None:
    call("pack", "--target", "cpu", "--output", str(tmp_path / "out"))
    (archive,) = (tmp_path / "out").glob("*.tar.gz")
    there = tmp_path / "there"
    assert call("publish", str(archive), there.as_uri()) == 0
    assert (there / archive.name).read_bytes() == archive.read_bytes()
    assert len(builds) == 1


@pytest.mark.parametrize(
    "words",
    [
        ("pack",),
        ("pack", "--target", "tpu"),
        ("pack", "--target", "cpu", "--node-glibc", "new"),
        ("pack", "--target", "cpu", "--publish", "bucket/prefix"),
    ],
)
def test_arguments_that_mean_nothing_end_with_code_2(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        call(*words)
    assert ended.value.code == 2
    assert "error: " in capsys.readouterr().err

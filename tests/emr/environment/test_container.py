from __future__ import annotations

import argparse
import os
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline.emr.environment import container
from pipeline.emr.environment.archive import make_archive
from pipeline.emr.environment.building import Build
from pipeline.emr.environment.commands import add_parser
from pipeline.emr.environment.container import build_in_container, docker_answers, docker_command
from pipeline.emr.environment.locks import requirements_directory
from pipeline.emr.environment.node import Node
from pipeline.emr.environment.target import CPU, GPU
from pipeline.errors import UserError

REQUIREMENTS = requirements_directory()
CPU_BUILD = Build(CPU, Node(), REQUIREMENTS)


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `docker` alone on the PATH; what it does is written by the test."""
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory))
    return directory / "docker"


def _does(docker: Path, script: str) -> None:
    docker.write_text(f"#!/bin/sh\n{script}\n")
    docker.chmod(0o755)


def _options(command: list[str], name: str) -> list[str]:
    return [value for option, value in pairwise(command) if option == name]


def test_no_docker_is_no_docker(docker: Path) -> None:
    assert not docker_answers()


@pytest.mark.parametrize(
    ("script", "answers"),
    [
        ("echo linux", True),
        ("echo windows", False),
        ("echo 'Cannot connect to the Docker daemon' >&2; exit 1", False),
    ],
    ids=["linux", "windows-containers", "no-daemon"],
)
def test_docker_is_used_only_where_it_runs_linux(docker: Path, script: str, answers: bool) -> None:
    _does(docker, script)
    assert docker_answers() is answers


def test_a_docker_that_hangs_is_not_waited_for(
    docker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _does(docker, "exec /bin/sleep 60")
    monkeypatch.setattr(container, "_PATIENCE_S", 0.2)
    assert not docker_answers()


def test_the_container_reads_the_checkout_and_writes_only_the_output(tmp_path: Path) -> None:
    command = docker_command(CPU_BUILD, tmp_path)
    assert command[:3] == ["docker", "run", "--rm"]
    assert _options(command, "--volume") == [
        f"{REQUIREMENTS.parent}:/source:ro",
        f"{tmp_path}:/output",
        "emr-ensembles-cache:/cache",
    ]
    assert _options(command, "--platform") == ["linux/amd64"]
    assert "amazonlinux:2023" in command
    assert f"OWNER={os.getuid()}:{os.getgid()}" in command
    assert "XDG_CACHE_HOME=/cache" in _options(command, "--env")


def test_the_command_in_the_container_asks_for_the_same_environment(tmp_path: Path) -> None:
    wheel = tmp_path / "horovod-0.28.1-cp311-cp311-linux_x86_64.whl"
    node = Node("/opt/python3.11", (3, 11), (2, 36))
    command = docker_command(Build(GPU, node, REQUIREMENTS, wheel), tmp_path)
    assert f"{wheel}:/wheel/{wheel.name}:ro" in _options(command, "--volume")
    inside = command[command.index("pack") + 1 :]
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers())
    args = parser.parse_args(["env", "pack", *inside])
    assert args.target == "gpu"
    assert Node(args.node_python, args.node_python_version, args.node_glibc) == node
    assert args.horovod_wheel == Path(f"/wheel/{wheel.name}")


def test_the_shell_accepts_the_script(tmp_path: Path) -> None:
    command = docker_command(CPU_BUILD, tmp_path)
    script = command[command.index("-c") + 1]
    subprocess.run(["bash", "-n", "-c", script], check=True)


def test_proxies_are_passed_on_by_name_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "https://user:secret@proxy")
    monkeypatch.delenv("HTTP_PROXY", raising=False)
    command = docker_command(CPU_BUILD, tmp_path)
    assert "HTTPS_PROXY" in _options(command, "--env")
    assert "HTTP_PROXY" not in command
    assert not any("secret" in word for word in command)


def test_a_container_that_fails_is_the_user_s_error(docker: Path, tmp_path: Path) -> None:
    _does(docker, "exit 3")
    with pytest.raises(UserError, match=r"exit code 3\); --no-docker builds on this machine"):
        build_in_container(CPU_BUILD, tmp_path / "out", lambda _step: None)


def test_the_archive_of_the_container_is_the_result(docker: Path, tmp_path: Path) -> None:
    (tmp_path / "environment").mkdir()
    (tmp_path / "out").mkdir()
    made = make_archive(tmp_path / "environment", tmp_path / "out" / CPU.archive_name(REQUIREMENTS))
    _does(docker, "exit 0")
    assert build_in_container(CPU_BUILD, tmp_path / "out", lambda _step: None) == made

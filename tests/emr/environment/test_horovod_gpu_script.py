"""What `requirements/horovod_gpu.sh` says where it cannot build."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pipeline.emr.environment.locks import requirements_directory

SCRIPT = requirements_directory() / "horovod_gpu.sh"
AMAZON = 'NAME="Amazon Linux"\nID="amzn"\nVERSION_ID="2023"\n'


def _refusal(directory: Path, release: str, **variables: str) -> str:
    (directory / "os-release").write_text(release)
    done = subprocess.run(
        [SCRIPT, str(directory / "out")],
        env={**os.environ, "OS_RELEASE": str(directory / "os-release"), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert not (directory / "out").exists()
    return done.stderr


def _toolkit(directory: Path, release: str, *, stub: bool = False) -> Path:
    (directory / "bin").mkdir(parents=True)
    nvcc = directory / "bin" / "nvcc"
    nvcc.write_text(f"#!/bin/sh\necho 'Cuda compilation tools, release {release}, V{release}.89'\n")
    nvcc.chmod(0o755)
    if stub:
        (directory / "lib64" / "stubs").mkdir(parents=True)
        (directory / "lib64" / "stubs" / "libcuda.so").touch()
    return directory


@pytest.mark.parametrize(
    ("release", "named"),
    [
        ('ID=debian\nVERSION_ID="12"\n', '"debian 12"'),
        ('ID="amzn"\nVERSION_ID="2"\n', '"amzn 2"'),
        ("", '"? ?"'),
    ],
)
def test_another_system_is_told_why_amazon_linux(tmp_path: Path, release: str, named: str) -> None:
    said = _refusal(tmp_path, release)
    assert f"this machine is {named}, and what it compiles may not load on the nodes" in said


def test_a_missing_toolkit_is_told_with_its_path(tmp_path: Path) -> None:
    said = _refusal(tmp_path, AMAZON, CUDA_HOME=str(tmp_path / "cuda"))
    assert f"{tmp_path}/cuda/bin/nvcc: there is no CUDA compiler; install" in said


def test_another_toolkit_is_refused(tmp_path: Path) -> None:
    toolkit = _toolkit(tmp_path / "cuda", "12.5")
    said = _refusal(tmp_path, AMAZON, CUDA_HOME=str(toolkit))
    assert "nvcc is not of CUDA 11.8" in said


def test_a_toolkit_without_the_driver_s_stub_is_refused(tmp_path: Path) -> None:
    toolkit = _toolkit(tmp_path / "cuda", "11.8")
    said = _refusal(tmp_path, AMAZON, CUDA_HOME=str(toolkit))
    assert "lib64/stubs/libcuda.so: the driver's stub is not there" in said


def test_a_missing_python_is_told_how_to_install_it(tmp_path: Path) -> None:
    toolkit = _toolkit(tmp_path / "cuda", "11.8", stub=True)
    said = _refusal(tmp_path, AMAZON, CUDA_HOME=str(toolkit), PYTHON="no-such-python")
    assert "no-such-python is missing; install it: dnf install" in said

"""Devices of workers, and GPUs that MXNet cannot use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline.deep.runtime import context_of, require_usable
from pipeline.errors import UserError
from pipeline.local.cluster import down, up
from tests.faults import finish, start


def _driver(directory: Path, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An nvidia-smi that says this of every GPU."""
    program = directory / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{says}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{directory}{os.pathsep}{os.environ['PATH']}")


def test_a_worker_computes_on_the_gpu_that_spark_gave_it() -> None:
    assert str(context_of(("1", "3"))) == "gpu(1)"
    assert str(context_of(())) == "cpu(0)"


@pytest.mark.parametrize("capability", ["9.0", "10.0", "12.0"])
def test_a_gpu_that_mxnet_holds_no_code_for_is_refused_with_the_reason(
    capability: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _driver(tmp_path, f"echo {capability}", monkeypatch)
    with pytest.raises(UserError, match=r"GPU 2 has compute capability \d+\.x, as H100, H200") as e:
        require_usable(("2",))
    assert "gang.device=cpu" in str(e.value)


@pytest.mark.parametrize("says", ["echo 8.6", "echo 7.5", "echo '[N/A]'", "exit 9"])
def test_an_mxnet_without_cuda_is_refused_on_any_other(
    says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _driver(tmp_path, says, monkeypatch)
    with pytest.raises(UserError, match="an MXNet without CUDA; install what"):
        require_usable(("0",))


def test_a_cpu_needs_nothing() -> None:
    require_usable(())


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_two_workers_of_one_node_get_its_two_gpus(tmp_path: Path) -> None:
    cluster = up(
        tmp_path, workers=1, cores_per_worker=2, memory_per_worker_mb=1400, gpus_per_worker=2
    )
    try:
        found = finish(start("tests.deep.gpu_script", cluster, tmp_path, {}), 200)
    finally:
        down(tmp_path)
    assert sorted(found["devices"]) == ["gpu(0)", "gpu(1)"]

from __future__ import annotations

import pytest

from pipeline.emr.instances.capability import (
    MXNET,
    XGBOOST,
    Capability,
    Fit,
    GpuBuild,
    code_for,
    parse_capability,
)


# What the wheels' own sections were read to hold, GPU by GPU.
@pytest.mark.parametrize(
    ("gpu", "mxnet", "xgboost"),
    [
        ("3.7", "no", "no"),  # K80
        ("5.2", "same-major binary (sm_50)", "same-major binary (sm_50)"),  # M60
        ("7.0", "native", "native"),  # V100
        ("7.5", "same-major binary (sm_70)", "same-major binary (sm_70)"),  # T4
        ("8.0", "native", "native"),  # A100
        ("8.6", "native", "same-major binary (sm_80)"),  # A10G
        ("8.9", "same-major binary (sm_86)", "same-major binary (sm_80)"),  # L4, L40S
        ("9.0", "no", "native"),  # H100, H200
        ("10.0", "no", "native"),  # B200
        ("10.3", "no", "same-major binary (sm_100)"),  # B300
        ("12.0", "no", "native"),  # RTX PRO
    ],
)
def test_the_code_that_a_gpu_runs_of_mxnet_and_xgboost(gpu: str, mxnet: str, xgboost: str) -> None:
    capability = parse_capability(gpu)
    assert str(code_for(MXNET, capability)) == mxnet
    assert str(code_for(XGBOOST, capability)) == xgboost


def test_a_binary_never_runs_on_an_older_gpu_of_its_major_version() -> None:
    build = GpuBuild("of sm_86", "x86_64", (Capability(8, 6),))
    assert not code_for(build, Capability(8, 0))
    assert code_for(build, Capability(8, 9))


def test_a_binary_never_runs_on_another_major_version() -> None:
    assert not code_for(GpuBuild("of sm_80", "x86_64", (Capability(8, 0),)), Capability(9, 0))


def test_ptx_serves_later_gpus_of_any_major_version_and_no_earlier_ones() -> None:
    build = GpuBuild("of PTX", "x86_64", (Capability(7, 0),), ptx=(Capability(8, 0),))
    assert code_for(build, Capability(9, 0)).fit is Fit.PTX
    assert code_for(build, Capability(7, 5)).fit is Fit.SAME_MAJOR
    assert not code_for(build, Capability(6, 1))


def test_a_gpu_that_comes_after_all_binaries_of_xgboost_compiles_its_ptx() -> None:
    assert str(code_for(XGBOOST, Capability(13, 0))) == "PTX (sm_120)"

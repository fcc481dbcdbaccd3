from __future__ import annotations

from typing import Any

import boto3
import pytest

from pipeline.emr.instances.catalogue import (
    Generation,
    InstanceType,
    find_type,
    instance_types,
)
from pipeline.emr.instances.release import TARGET, Release
from pipeline.errors import UserError

TYPES = instance_types()


@pytest.fixture(scope="module")
def ec2(s3: str) -> dict[str, Any]:
    """Every GPU type that EC2 describes, as moto ships its answer."""
    assert s3
    pages = boto3.client("ec2").get_paginator("describe_instance_types").paginate()
    found = {each["InstanceType"]: each for page in pages for each in page["InstanceTypes"]}
    nvidia = {
        name: each
        for name, each in found.items()
        if any(gpu["Manufacturer"] == "NVIDIA" for gpu in each.get("GpuInfo", {}).get("Gpus", []))
    }
    return {name: each for name, each in nvidia.items() if name[0] in "gp"}


def emr_lists(release: Release) -> dict[str, Any]:
    client = boto3.client("emr")
    pages: list[dict[str, Any]] = [client.list_supported_instance_types(ReleaseLabel=str(release))]
    while "Marker" in pages[-1]:
        marker = pages[-1]["Marker"]
        pages.append(client.list_supported_instance_types(ReleaseLabel=str(release), Marker=marker))
    return {each["Type"]: each for page in pages for each in page["SupportedInstanceTypes"]}


def test_every_gpu_type_that_ec2_describes_is_there(ec2: dict[str, Any]) -> None:
    assert set(ec2) == {
        name for name, each in TYPES.items() if each.generation is not Generation.RETIRED
    }


def test_gpus_memory_and_cores_are_those_that_ec2_describes(ec2: dict[str, Any]) -> None:
    for name, described in ec2.items():
        ours, gpu = TYPES[name], described["GpuInfo"]["Gpus"][0]
        assert ours.vcpus == described["VCpuInfo"]["DefaultVCpus"], name
        assert ours.memory_gib * 1024 == described["MemoryInfo"]["SizeInMiB"], name
        assert ours.arch in described["ProcessorInfo"]["SupportedArchitectures"], name
        assert ours.gpus == int(gpu.get("Count", 0)), name
        assert set(gpu["Name"].lower().split()) <= set(ours.gpu_model.lower().split()), name
        if ours.gpus:
            assert abs(ours.gpu_memory_gib * 1024 - gpu["MemoryInfo"]["SizeInMiB"]) < 10, name


def test_emr_lists_a_type_from_its_release_on_and_not_before(s3: str) -> None:
    assert s3
    lists = {minor: emr_lists(Release(7, minor, 0)) for minor in range(15)}
    for name, ours in TYPES.items():
        since = 15 if ours.emr_release is None else ours.emr_release.minor
        assert [minor for minor in lists if name in lists[minor]] == list(range(since, 15)), name


def test_memory_and_cores_are_those_that_emr_lists(s3: str) -> None:
    assert s3
    listed = emr_lists(TARGET)
    for name, ours in TYPES.items():
        if ours.emr_release is not None:
            assert ours.emr_memory_gib == listed[name]["MemoryGB"], name
            assert ours.vcpus == listed[name]["VCPU"], name


def test_a_replacement_is_a_family_that_emr_launches() -> None:
    retired = [each for each in TYPES.values() if each.generation is Generation.RETIRED]
    assert {each.family for each in retired} == {"p2", "p3", "g3", "g3s"}
    for each in retired:
        sizes = [other for other in TYPES.values() if other.family in each.replaced_by]
        assert any(other.emr_release and other.generation is Generation.CURRENT for other in sizes)


def test_a_type_is_found_by_its_name() -> None:
    found = find_type("g6e.12xlarge")
    assert isinstance(found, InstanceType)
    assert (found.family, found.gpus, found.gpu_model) == ("g6e", 4, "NVIDIA L40S")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("g5.3xlarge", "g5.xlarge"),
        ("G5.2xlarge", "g5.2xlarge"),
        ("p4.24xlarge", "p4d.24xlarge"),
        ("g4dn2xlarge", "g4dn.2xlarge"),
    ],
)
def test_an_unknown_type_is_refused_with_names_that_read_alike(name: str, meant: str) -> None:
    with pytest.raises(UserError) as refusal:
        find_type(name)
    assert meant in str(refusal.value)
    assert "emr-ensembles instances list" in str(refusal.value)


@pytest.mark.parametrize("name", ["m5.xlarge", "", "g", "x"])
def test_what_reads_like_no_gpu_type_is_refused_without_a_guess(name: str) -> None:
    with pytest.raises(UserError, match="no GPU type of EC2") as refusal:
        find_type(name)
    assert "did you mean" not in str(refusal.value)

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from pipeline.emr.clusters.classifications import type_classifications
from pipeline.emr.clusters.files import load_cluster
from pipeline.emr.clusters.request import CLUSTER_TAG, Artifacts, request
from pipeline.emr.clusters.room import layout_of
from pipeline.errors import UserError
from tests.emr.clusters.samples import PROFILES, ROOT, VARIABLES, artifacts, cluster


def _wrong(made: dict[str, Any]) -> str:
    """What botocore's validator says of a request; it reads AWS's model and asks nobody."""
    client = botocore.session.get_session().create_client("emr", region_name="us-east-1")
    shape = client.meta.service_model.operation_model("RunJobFlow").input_shape
    return str(ParamValidator().validate(made, shape).generate_report())


def _fleets(made: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["InstanceFleetType"]: each for each in made["Instances"]["InstanceFleets"]}


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
def test_every_profiles_request_passes_botocores_validator(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    found = load_cluster(path)
    made = request(found, artifacts("cpu" if path.stem == "cpu" else "gpu"))
    assert _wrong(made) == ""
    assert made["Instances"]["Ec2SubnetIds"] == [VARIABLES["EMR_ENSEMBLES_SUBNET"]]
    defaults = made["Configurations"][0]["Properties"]
    assert layout_of(found).settings().items() <= defaults.items()


def test_a_request_with_all_that_may_be_left_out_passes_botocores_validator() -> None:
    found = cluster(
        os_release="2023.9.20250929.0",
        security_configuration="encrypted",
        core={"types": ["g5.2xlarge"], "disk_gb": 100},
        tags={"team": "models"},
    )
    made = request(found, artifacts())
    assert _wrong(made) == ""
    assert made["OSReleaseLabel"] == "2023.9.20250929.0"
    assert made["SecurityConfiguration"] == "encrypted"
    assert {"Key": "team", "Value": "models"} in made["Tags"]
    (core,) = _fleets(made)["CORE"]["InstanceTypeConfigs"]
    (volume,) = core["EbsConfiguration"]["EbsBlockDeviceConfigs"]
    assert volume["VolumeSpecification"] == {"VolumeType": "gp3", "SizeInGB": 100}


def test_the_validator_of_these_tests_finds_what_is_wrong() -> None:
    made = request(cluster(), artifacts())
    made["Instances"]["InstanceFleets"][0]["InstanceTypes"] = made.pop("Name")
    assert "InstanceTypes" in _wrong(made)
    assert 'Missing required parameter in input: "Name"' in _wrong(made)


def test_gpu_settings_are_on_the_types_of_gpu_fleets_only() -> None:
    found = cluster(core={"types": ["m6i.xlarge"]}, task={"types": ["g5.2xlarge", "g5.4xlarge"]})
    fleets = _fleets(request(found, artifacts()))
    (primary,) = fleets["MASTER"]["InstanceTypeConfigs"]
    assert "Configurations" not in primary
    (core,) = fleets["CORE"]["InstanceTypeConfigs"]
    assert "plugins" not in str(core)
    assert "cgroup" not in str(core)
    for each in fleets["TASK"]["InstanceTypeConfigs"]:
        assert each["Configurations"] == type_classifications(found, each["InstanceType"])
        assert "yarn.nodemanager.resource-plugins" in each["Configurations"][0]["Properties"]


def test_a_fleet_has_its_count_on_demand_in_the_order_of_the_file() -> None:
    core = {"types": ["g5.4xlarge", "g5.2xlarge"], "count": 6}
    fleet = _fleets(request(cluster(core=core), artifacts()))["CORE"]
    assert (fleet["TargetOnDemandCapacity"], fleet.get("TargetSpotCapacity")) == (6, None)
    given = [
        (each["InstanceType"], each["Priority"], each["WeightedCapacity"])
        for each in fleet["InstanceTypeConfigs"]
    ]
    assert given == [("g5.4xlarge", 0.0, 1), ("g5.2xlarge", 1.0, 1)]
    assert fleet["LaunchSpecifications"] == {
        "OnDemandSpecification": {"AllocationStrategy": "prioritized"}
    }


@pytest.mark.parametrize(
    ("timeout", "action"),
    [("terminate", "TERMINATE_CLUSTER"), ("on_demand", "SWITCH_TO_ON_DEMAND")],
)
def test_spot_is_looked_for_no_longer_than_the_file_allows(timeout: str, action: str) -> None:
    found = cluster(
        trainers=["bag"],
        task={"types": ["g5.2xlarge"], "count": 3, "market": "spot"},
        limits={"spot_minutes": 7, "spot_timeout": timeout},
    )
    made = request(found, artifacts())
    assert _wrong(made) == ""
    fleet = _fleets(made)["TASK"]
    assert (fleet["TargetSpotCapacity"], fleet.get("TargetOnDemandCapacity")) == (3, None)
    spot = fleet["LaunchSpecifications"]["SpotSpecification"]
    assert (spot["TimeoutDurationMinutes"], spot["TimeoutAction"]) == (7, action)


def test_every_cluster_ends_when_it_is_idle_and_is_never_resized_by_emr() -> None:
    made = request(cluster(limits={"idle_minutes": 10}), artifacts())
    assert made["AutoTerminationPolicy"] == {"IdleTimeout": 600}
    assert made["Instances"]["KeepJobFlowAliveWhenNoSteps"] is True
    assert made["StepConcurrencyLevel"] == 1
    assert "ManagedScalingPolicy" not in made


def test_the_bootstrap_action_gets_what_node_sh_asks_for() -> None:
    (action,) = request(cluster(), artifacts())["BootstrapActions"]
    script = action["ScriptBootstrapAction"]
    assert script["Path"] == "s3://bucket/code/node.sh"
    given = dict(zip(script["Args"][::2], script["Args"][1::2], strict=True))
    text = (ROOT / "bootstrap" / "node.sh").read_text(encoding="utf-8")
    for option, value in given.items():
        assert option.removeprefix("--") in text
        assert value in vars(artifacts()).values()
    assert len(given) == 5
    assert given["--verdicts"] == "s3://bucket/verdicts"


def test_a_slash_at_the_end_of_the_verdicts_uri_makes_no_other_cluster() -> None:
    given = replace(artifacts(), verdicts="s3://bucket/verdicts/")
    assert request(cluster(), given) == request(cluster(), artifacts())


def test_a_custom_image_is_taken_as_it_is_and_passes_botocores_validator() -> None:
    made = request(cluster(image="ami-0123456789abcdef0"), artifacts())
    assert _wrong(made) == ""
    assert (made["CustomAmiId"], made["RepoUpgradeOnBoot"]) == ("ami-0123456789abcdef0", "NONE")
    assert "OSReleaseLabel" not in made
    assert made["Name"] != request(cluster(), artifacts())["Name"]


def test_emrs_own_image_is_asked_for_without_what_only_a_custom_one_may_have() -> None:
    made = request(cluster(), artifacts())
    assert {"CustomAmiId", "RepoUpgradeOnBoot"} & made.keys() == set()


def test_the_policy_of_updates_is_one_that_the_api_knows() -> None:
    client = botocore.session.get_session().create_client("emr", region_name="us-east-1")
    shape = client.meta.service_model.operation_model("RunJobFlow").input_shape
    made = request(cluster(image="ami-1"), artifacts())
    assert made["RepoUpgradeOnBoot"] in shape.members["RepoUpgradeOnBoot"].enum


def test_python_is_where_the_bootstrap_action_unpacks_the_environment() -> None:
    assert artifacts().python == "/opt/emr-ensembles/env/gpu-0123456789ab/bin/python"
    defaults = request(cluster(), artifacts())["Configurations"][0]["Properties"]
    assert defaults["spark.pyspark.python"] == artifacts().python


def test_the_same_cluster_has_the_same_name_and_another_has_another() -> None:
    made = request(cluster(), artifacts())
    assert made == request(cluster(), artifacts())
    name = made["Name"]
    assert name.startswith("emr-ensembles-small-")
    assert {"Key": CLUSTER_TAG, "Value": name} in made["Tags"]
    others = [
        request(cluster(core={"types": ["g5.2xlarge"], "count": 3}), artifacts()),
        request(cluster(name="smaller"), artifacts()),
        request(cluster(), replace(artifacts(), bundle_sha256="2" * 64)),
    ]
    assert len({name, *(each["Name"] for each in others)}) == 4


def test_prices_do_not_make_another_cluster() -> None:
    name = request(cluster(), artifacts())["Name"]
    assert request(cluster(prices={"g5.2xlarge": 1}), artifacts())["Name"] == name


def test_the_users_tags_cannot_take_the_place_of_those_that_it_is_found_by() -> None:
    made = request(cluster(tags={CLUSTER_TAG: "mine"}), artifacts())
    assert [each["Value"] for each in made["Tags"] if each["Key"] == CLUSTER_TAG] == [made["Name"]]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"logs": "/tmp/logs"}, "logs: '/tmp/logs' is not on S3"),
        ({"verdicts": "/tmp/verdicts"}, "verdicts: '/tmp/verdicts' is not on S3"),
        ({"verdicts": "s3://"}, "verdicts: 's3://' is not on S3"),
        ({"node_script": "node.sh"}, "node_script: 'node.sh' is not on S3"),
        ({"bundle_sha256": "abc"}, "bundle_sha256: 'abc' is not a sha256"),
        ({"environment": "s3://bucket/env.tar.gz"}, "not an archive of emr-ensembles env pack"),
    ],
)
def test_artifacts_that_nodes_cannot_use_are_refused(wrong: dict[str, str], said: str) -> None:
    with pytest.raises(UserError, match=said):
        request(cluster(), replace(artifacts(), **wrong))


@pytest.mark.parametrize(
    ("type_", "given", "wanted"), [("g5.2xlarge", "cpu", "gpu"), ("m6i.xlarge", "gpu", "cpu")]
)
def test_the_environment_must_be_for_the_clusters_nodes(
    type_: str, given: str, wanted: str
) -> None:
    with pytest.raises(UserError, match=f"env pack --target {wanted}"):
        request(cluster(core={"types": [type_]}), artifacts(given))


def test_artifacts_tell_the_name_of_the_environments_file() -> None:
    found: Artifacts = artifacts("cpu")
    assert found.environment_file == "emr-ensembles-cpu-0123456789ab.tar.gz"

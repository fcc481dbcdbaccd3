from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.emr.clusters.files import load_cluster
from pipeline.emr.clusters.parameters import Made, parameter_values
from pipeline.emr.clusters.request import RECORD_TAG, request
from pipeline.emr.clusters.rules import has_gpus
from pipeline.emr.clusters.template import template
from pipeline.errors import ConfigError
from tests.emr.clusters.samples import PROFILES, ROOT, VARIABLES, artifacts, content

TEMPLATES = ROOT / "infra" / "cloudformation" / "clusters"
RECORD = "s3://bucket/clusters/record.json"


def resolved(value: Any, given: dict[str, str]) -> Any:
    """What CloudFormation makes of a value: references and conditions are replaced."""
    if isinstance(value, list):
        return [resolved(each, given) for each in value]
    if not isinstance(value, dict):
        return value
    if "Ref" in value:
        return given[value["Ref"]]
    if "Fn::Sub" in value:
        return re.sub(r"\$\{(\w+)\}", lambda match: given[match[1]], value["Fn::Sub"])
    if "Fn::If" in value:
        _, then, otherwise = value["Fn::If"]
        kept = then if given["SecurityConfiguration"] else otherwise
        return None if kept == {"Ref": "AWS::NoValue"} else resolved(kept, given)
    return {key: resolved(each, given) for key, each in value.items()}


def in_words_of_the_api(properties: dict[str, Any]) -> dict[str, Any]:
    instances = properties["Instances"]
    fleets = [
        {"InstanceFleetType": kind, **fleet}
        for kind, key in (("MASTER", "MasterInstanceFleet"), ("CORE", "CoreInstanceFleet"))
        for fleet in [instances.pop(key)]
    ]
    fleets += [
        {"InstanceFleetType": "TASK", **each} for each in instances.pop("TaskInstanceFleets", ())
    ]
    instances["InstanceFleets"] = fleets
    instances["Ec2SubnetIds"] = instances["Ec2SubnetIds"].split(",")
    found = {key: value for key, value in properties.items() if value is not None}
    renamed: dict[str, Any] = yaml.safe_load(
        yaml.safe_dump(found).replace("ConfigurationProperties:", "Properties:")
    )
    return renamed


def variables(monkeypatch: pytest.MonkeyPatch, security: str | None) -> None:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    if security is not None:
        monkeypatch.setenv("EMR_ENSEMBLES_SECURITY_CONFIGURATION", security)


@pytest.mark.parametrize("security", [None, "encrypted"])
@pytest.mark.parametrize("profile", PROFILES, ids=lambda path: path.stem)
def test_the_cluster_of_a_profiles_template_is_that_of_its_request(
    profile: Path, security: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables(monkeypatch, security)
    cluster = load_cluster(profile)
    read = artifacts("gpu" if has_gpus(cluster) else "cpu")
    made = request(cluster, read)
    given = parameter_values(Made(made, read, RECORD))
    document = yaml.safe_load((TEMPLATES / profile.name).read_text())
    properties = resolved(document["Resources"]["Cluster"]["Properties"], given)
    wanted = {**made, "Tags": [*made["Tags"], {"Key": RECORD_TAG, "Value": RECORD}]}
    assert in_words_of_the_api(properties) == wanted


@pytest.mark.parametrize("profile", PROFILES, ids=lambda path: path.stem)
def test_a_profiles_template_is_what_its_file_gives_without_any_variable(
    profile: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    assert (TEMPLATES / profile.name).read_text() == template(profile), (
        f"emr-ensembles emr template --cluster {profile} > infra/cloudformation/clusters/"
    )


def test_there_is_a_template_for_each_profile_and_no_other() -> None:
    assert sorted(each.name for each in TEMPLATES.iterdir()) == [each.name for each in PROFILES]


@pytest.mark.parametrize("profile", PROFILES, ids=lambda path: path.stem)
def test_the_values_of_a_staging_match_the_patterns_of_the_parameters(
    profile: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables(monkeypatch, "encrypted")
    cluster = load_cluster(profile)
    read = artifacts("gpu" if has_gpus(cluster) else "cpu")
    given = parameter_values(Made(request(cluster, read), read, RECORD))
    declared = yaml.safe_load((TEMPLATES / profile.name).read_text())["Parameters"]
    assert set(given) == set(declared)
    for name, value in given.items():
        assert re.fullmatch(declared[name].get("AllowedPattern", ".*"), value), name


def test_nothing_of_an_account_is_in_a_template(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(content(subnets=["subnet-9"], tags={"team": "risk"})))
    text = template(file, ["core.count=3"])
    assert "subnet-9" not in text
    assert "placeholder" not in text
    document = yaml.safe_load(text)["Resources"]["Cluster"]["Properties"]
    assert {"Key": "team", "Value": "risk"} in document["Tags"]
    assert document["Instances"]["CoreInstanceFleet"]["TargetOnDemandCapacity"] == 3


def test_a_custom_image_is_in_the_template_without_what_cloudformation_cannot_say(
    tmp_path: Path,
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(content(image="ami-0123456789abcdef0")))
    properties = yaml.safe_load(template(file))["Resources"]["Cluster"]["Properties"]
    assert properties["CustomAmiId"] == "ami-0123456789abcdef0"
    assert "RepoUpgradeOnBoot" not in properties


def test_a_cluster_file_with_problems_gives_no_template(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(content(core={"types": ["p3.2xlarge"]})))
    with pytest.raises(ConfigError, match="p3"):
        template(file)

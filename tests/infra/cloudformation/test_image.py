"""The component that makes an image, run as Image Builder would on a node of bootstrap's tests."""

import re
import subprocess
from typing import Any

import pytest
import yaml

from tests.bootstrap import archives
from tests.bootstrap.node import Node
from tests.infra.cloudformation.templates import load, resources, text

pytestmark = pytest.mark.timeout(60)

ENVIRONMENT = "/opt/emr-ensembles/env/cpu-0123456789ab"
# The node's own knows nothing of disabling, and its units need files.
SYSTEMCTL = """
echo "$*" >>/calls/systemctl
case $1 in
  disable) touch "/calls/disabled-$2" ;;
  is-enabled) [ ! -e "/calls/disabled-$3" ] ;;
  *) exit 64 ;;
esac
"""


def steps(parameters: dict[str, str]) -> dict[str, str]:
    """By name, the scripts of the component, as the stack would have it with these parameters."""
    (component,) = resources("image", "ImageBuilder::Component").values()
    written = re.sub(
        r"\$\{(\w+)\}",
        lambda match: parameters[match[1]],
        text(component["Properties"]["Data"]),
    )
    document = yaml.safe_load(written)
    assert document["schemaVersion"] == 1.0
    return {
        step["name"]: "\n".join(step["inputs"]["commands"])
        for phase in document["phases"]
        for step in phase["steps"]
        if step["action"] == "ExecuteBash"
    }


@pytest.fixture
def parameters(node: Node) -> dict[str, str]:
    """What a stack is given, and the node's kernel as EMR needs it."""
    node.fake("uname", "echo 6.1.150-172.amzn2023.x86_64")
    node.fake("systemctl", SYSTEMCTL)
    bucket = node.root / "s3" / "bucket"
    _, bundle_sha256 = archives.publish_bundle(bucket)
    _, environment_sha256 = archives.publish_environment(bucket)
    return {
        "DataBucket": "bucket",
        "BundleKey": f"emr-ensembles-bootstrap-{bundle_sha256[:12]}.tar.gz",
        "BundleSha256": bundle_sha256,
        "EnvironmentKey": "emr-ensembles-cpu-0123456789ab.tar.gz",
        "EnvironmentSha256": environment_sha256,
    }


def run(node: Node, script: str) -> subprocess.CompletedProcess[str]:
    return node.run("bash", "-c", script)


def build(node: Node, parameters: dict[str, str]) -> None:
    for script in steps(parameters).values():
        done = run(node, script)
        assert done.returncode == 0, done.stdout + done.stderr


def test_bootstrap_has_nothing_left_to_do_for_the_environment_of_an_image(
    node: Node, parameters: dict[str, str]
) -> None:
    build(node, parameters)
    reads = len(node.calls("aws"))
    done = node.part(
        "environment.sh",
        *("--archive", f"s3://bucket/{parameters['EnvironmentKey']}"),
        *("--sha256", parameters["EnvironmentSha256"]),
    )
    assert (done.returncode, done.stdout) == (0, "environment.sh: nothing to do\n")
    assert len(node.calls("aws")) == reads
    assert node.calls("dnf") == ["install --assumeyes --quiet python3.11"]


def test_an_image_keeps_nothing_of_its_making(node: Node, parameters: dict[str, str]) -> None:
    build(node, parameters)
    assert node.shell("find /var/tmp /mnt -mindepth 1") == ""
    assert node.shell("ls /opt/emr-ensembles/env") == "cpu-0123456789ab"


def test_the_ssm_agent_does_not_come_up_in_an_image(node: Node, parameters: dict[str, str]) -> None:
    scripts = steps(parameters)
    assert run(node, scripts["Environment"]).returncode == 0
    refused = run(node, scripts["Verify"])
    assert refused.returncode == 1
    assert "the SSM agent is enabled" in refused.stderr
    assert run(node, scripts["SsmAgent"]).returncode == 0
    assert node.calls("systemctl")[-1] == "disable amazon-ssm-agent"
    assert run(node, scripts["Verify"]).returncode == 0


def test_an_image_with_another_kernel_is_not_made(node: Node, parameters: dict[str, str]) -> None:
    node.fake("uname", "echo 6.12.40-63.amzn2023.x86_64")
    done = run(node, steps(parameters)["Environment"])
    assert done.returncode == 1
    assert "EMR 7 needs 6.1" in done.stderr
    assert node.calls("aws") == []


def test_a_bundle_with_another_sha256_is_not_run(node: Node, parameters: dict[str, str]) -> None:
    done = run(node, steps({**parameters, "BundleSha256": "0" * 64})["Environment"])
    assert done.returncode != 0
    assert node.shell("ls /opt/emr-ensembles/") == "bootstrap"


def test_an_image_with_a_user_of_hadoops_is_not_made(
    node: Node, parameters: dict[str, str]
) -> None:
    passwd = node.root / "etc" / "passwd"
    with passwd.open("a", encoding="utf-8") as file:
        file.write("yarn:x:1999:1999::/:/bin/false\n")
    *scripts, verify = steps(parameters).values()
    for script in scripts:
        assert run(node, script).returncode == 0
    done = run(node, verify)
    assert done.returncode == 1
    assert "there is a user yarn" in done.stderr


def test_an_image_is_made_from_what_emr_takes_on_one_encrypted_volume() -> None:
    (recipe,) = resources("image", "ImageBuilder::ImageRecipe").values()
    found: Any = recipe["Properties"]
    assert found["ParentImage"].endswith("/al2023-ami-kernel-6.1-x86_64")
    (volume,) = found["BlockDeviceMappings"]
    assert volume["Ebs"]["Encrypted"] is True
    assert load("image")["Parameters"]["VolumeGb"]["MinValue"] == 40

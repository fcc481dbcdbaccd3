"""The verdict on its way to S3, where whoever started the cluster reads it."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest

from tests.bootstrap import metadata
from tests.bootstrap.node import Node
from tests.bootstrap.test_check_node import NODE_MANAGER, install

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(shutil.which("curl") is None, reason="needs the program curl"),
]

URI = "s3://bucket/verdicts"
CLUSTER, INSTANCE = "j-2AO77MNLG17NW", "i-0123456789abcdef0"
OBJECT = f"/s3/bucket/verdicts/{CLUSTER}/{INSTANCE}.json"
VERDICT = "/var/lib/emr-ensembles/verdict.json"
# As EMR writes them; the primary node's id must not be taken for the node's own.
JOB_FLOW = {"jobFlowId": CLUSTER, "masterInstanceId": "i-08dea4f4", "instanceCount": 2}
INFO = {"instanceGroupId": "ig-3KYROERBW168Z", "isMaster": False, "isRunningNameNode": False}


@pytest.fixture
def emr_node(node: Node) -> Node:
    """A node that EMR has told its cluster, and that was told where to put its verdicts."""
    tell(node, "job-flow.json", JOB_FLOW)
    tell(node, "instance.json", INFO)
    done = node.part("watch.sh", "--verdicts", URI)
    assert done.returncode == 0, done.stderr
    return node


def tell(node: Node, name: str, content: dict[str, Any], indent: int | None = 2) -> None:
    text = json.dumps(content, indent=indent)
    node.shell(f"mkdir -p /mnt/var/lib/info; echo '{text}' >/mnt/var/lib/info/{name}")


def check(node: Node, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Let an unready node be checked, which takes no time, as the unit does it after a boot."""
    return node.part("check-node", "--limit", "0", *arguments)


def test_a_ready_nodes_verdict_is_at_its_instances_name_below_its_clusters(emr_node: Node) -> None:
    install(emr_node)
    emr_node.shell(f"touch /calls/active-{NODE_MANAGER}")
    with metadata.served(emr_node, INSTANCE):
        done = check(emr_node)
    assert done.returncode == 0, done.stderr
    uploaded = json.loads(emr_node.shell(f"cat {OBJECT}"))
    assert list(uploaded)[:3] == ["node", "cluster", "instance"]
    assert (uploaded["cluster"], uploaded["instance"]) == (CLUSTER, INSTANCE)
    assert uploaded["ok"] is True
    emr_node.shell(f"cmp {OBJECT} {VERDICT}")
    assert emr_node.part("check-node", "--verify").returncode == 0


def test_an_unready_nodes_verdict_is_uploaded_with_the_reasons(emr_node: Node) -> None:
    with metadata.served(emr_node, INSTANCE):
        done = check(emr_node)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("check-node: error: this node is not ready")
    uploaded = json.loads(emr_node.shell(f"cat {OBJECT}"))
    assert uploaded["ok"] is False
    assert uploaded["checks"][0]["detail"] == f"{NODE_MANAGER} is not running after 0 s"


def test_every_boot_uploads_what_it_has_found(emr_node: Node) -> None:
    with metadata.served(emr_node, INSTANCE):
        check(emr_node)
        emr_node.shell(f"touch /calls/active-{NODE_MANAGER}")
        check(emr_node)
    uploaded = json.loads(emr_node.shell(f"cat {OBJECT}"))
    assert uploaded["checks"][0]["detail"] == f"{NODE_MANAGER} is running"


def test_an_upload_is_tried_for_minutes(emr_node: Node) -> None:
    emr_node.shell("echo 7 >/calls/aws-failures")
    with metadata.served(emr_node, INSTANCE):
        check(emr_node)
    assert emr_node.calls("aws-to") == [f"{URI}/{CLUSTER}/{INSTANCE}.json"] * 8
    assert emr_node.calls("sleep") == ["2", "4", "8", "16", "32", "64", "128"]
    emr_node.shell(f"cmp {OBJECT} {VERDICT}")


def test_an_upload_that_never_works_changes_neither_the_verdict_nor_the_exit_code(
    emr_node: Node,
) -> None:
    install(emr_node)
    emr_node.shell(f"touch /calls/active-{NODE_MANAGER}; echo 9 >/calls/aws-failures")
    with metadata.served(emr_node, INSTANCE):
        done = check(emr_node)
    assert done.returncode == 0
    assert f"warning: {VERDICT} could not be uploaded as {URI}/{CLUSTER}/" in done.stderr
    assert json.loads(emr_node.shell(f"cat {VERDICT}"))["ok"] is True
    assert emr_node.part("check-node", "--verify").returncode == 0


def test_metadata_that_is_busy_is_asked_again(emr_node: Node) -> None:
    with metadata.served(emr_node, INSTANCE, failures=1):
        check(emr_node)
    emr_node.shell(f"cmp {OBJECT} {VERDICT}")
    put, get = "PUT /latest/api/token", "GET /latest/meta-data/instance-id"
    assert emr_node.calls("metadata") == [put, put, get]


@pytest.mark.parametrize("indent", [None, 2])
def test_an_id_that_emr_has_written_is_taken_without_asking_ec2(
    emr_node: Node, indent: int | None
) -> None:
    tell(emr_node, "job-flow.json", JOB_FLOW, indent)
    tell(emr_node, "instance.json", {**INFO, "instanceId": INSTANCE}, indent)
    check(emr_node)
    emr_node.shell(f"cmp {OBJECT} {VERDICT}")


def test_a_node_that_does_not_know_its_instance_says_so_and_uploads_nothing(
    emr_node: Node,
) -> None:
    done = check(emr_node)
    assert f"warning: {VERDICT} was not uploaded below {URI}" in done.stderr
    assert f"gave the cluster '{CLUSTER}'" in done.stderr
    assert done.stderr.count("curl: ") == 1
    assert emr_node.calls("aws") == []
    written = json.loads(emr_node.shell(f"cat {VERDICT}"))
    assert written["cluster"] == CLUSTER
    assert "instance" not in written


def test_a_node_outside_of_emr_says_so_and_uploads_nothing(emr_node: Node) -> None:
    emr_node.shell("rm -r /mnt/var/lib/info")
    with metadata.served(emr_node, INSTANCE):
        done = check(emr_node)
    assert "the cluster '', " in done.stderr
    assert f"the instance '{INSTANCE}'" in done.stderr
    assert emr_node.calls("aws") == []


def test_a_node_without_a_uri_uploads_nothing_and_asks_nobody(node: Node) -> None:
    tell(node, "job-flow.json", JOB_FLOW)
    assert node.part("watch.sh").returncode == 0
    with metadata.served(node, INSTANCE):
        done = check(node)
    assert (node.calls("aws"), node.calls("metadata")) == ([], [])
    assert "upload" not in done.stdout + done.stderr
    written = json.loads(node.shell(f"cat {VERDICT}"))
    assert list(written) == ["node", "time", "gpu_node", "checks", "ok"]


def test_a_uri_given_by_hand_goes_before_the_nodes_own(emr_node: Node) -> None:
    with metadata.served(emr_node, INSTANCE):
        check(emr_node, "--verdicts", "s3://bucket/others//")
    assert emr_node.calls("aws-to") == [f"s3://bucket/others/{CLUSTER}/{INSTANCE}.json"]


def test_a_dry_run_says_where_and_verify_reads_only_the_nodes_file(emr_node: Node) -> None:
    dry = emr_node.part("check-node", "--dry-run")
    assert dry.stdout.endswith(f"write {VERDICT}, and upload it below {URI}\n")
    assert emr_node.part("check-node", "--verify").returncode == 3
    assert (emr_node.calls("aws"), emr_node.calls("metadata")) == ([], [])

from __future__ import annotations

import json

import pytest

from tests.cli.emr.launching import Launching
from tests.emr.lossy import Loss
from tests.emr.nodes import put_verdict


@pytest.fixture
def up(launched: Launching, capsys: pytest.CaptureFixture[str]) -> Launching:
    """A cluster whose nodes have not been heard of."""
    assert launched.create("--no-wait", "--unchecked") == 0
    capsys.readouterr()
    return launched


def heard(up: Launching, *nodes: str) -> None:
    for node in nodes or up.nodes.ids():
        put_verdict(up.verdicts, up.id, node)


def test_a_cluster_whose_nodes_are_all_ready_is_ready(
    up: Launching, capsys: pytest.CaptureFixture[str]
) -> None:
    heard(up)
    assert up.emr("verify", up.name) == 0
    assert capsys.readouterr().out.splitlines() == [
        "node       role     type        verdict",
        "i-master0  primary  m6i.xlarge  ok",
        "i-core0    core     g5.2xlarge  ok",
        "i-core1    core     g5.2xlarge  ok",
    ]


def test_what_a_node_lacks_is_told_below_it_and_what_is_missing_at_the_end(
    up: Launching, capsys: pytest.CaptureFixture[str]
) -> None:
    heard(up, "i-master0")
    put_verdict(up.verdicts, up.id, "i-core0", failing={"nvidia-smi": "exit code 9"})
    up.nodes.instances.pop()
    assert up.emr("verify", up.id) == 1
    assert capsys.readouterr().out.splitlines()[1:] == [
        "i-master0  primary  m6i.xlarge  ok",
        "i-core0    core     g5.2xlarge  not ready",
        "  nvidia-smi: exit code 9",
        "core: 1 of 2 nodes are running",
    ]


def test_programs_get_json(up: Launching, capsys: pytest.CaptureFixture[str]) -> None:
    heard(up, "i-master0", "i-core0")
    assert up.emr("verify", up.id, "--json") == 1
    data = json.loads(capsys.readouterr().out)
    assert (data["ok"], data["missing"]) == (False, [])
    assert [each["ok"] for each in data["nodes"]] == [True, True, None]


def test_nodes_that_have_not_been_heard_of_are_waited_for_when_asked_to(
    up: Launching, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    assert up.emr("verify", up.id) == 1
    said = capsys.readouterr().out
    assert "not heard of yet" in said
    assert f"what they write below {up.verdicts}/{up.id}" in said
    assert up.time.slept == []
    up.time.events = [lambda: heard(up, "i-core0"), lambda: heard(up)]
    assert up.emr("verify", up.id, "--wait", "5") == 0
    assert "1 of 3 nodes are ready" in caplog.text


def test_a_cluster_that_has_ended_cannot_be_verified(
    up: Launching, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = up.id
    up.emr("terminate", cluster)
    assert up.emr("verify", cluster) == 2
    assert "is terminated" in capsys.readouterr().err


@pytest.mark.parametrize("minutes", ["-1", "inf", "nan", "soon"])
def test_a_time_that_is_none_is_refused(launched: Launching, minutes: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        launched.emr("verify", "x", f"--wait={minutes}")


@pytest.mark.parametrize("loss", [Loss.DROPPED, Loss.FAILED])
@pytest.mark.parametrize("operation", ["DescribeCluster", "ListInstances", "GetObject"])
def test_lost_answers_are_asked_for_again_and_each_node_is_told_once(
    up: Launching,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    operation: str,
    loss: Loss,
) -> None:
    heard(up)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", up.proxy.url)
    up.proxy.lose(operation, loss)
    before = up.proxy.asked[operation]
    assert up.emr("verify", up.id) == 0
    assert up.proxy.asked[operation] > before + 1
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]] == up.nodes.ids()

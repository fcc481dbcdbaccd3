from __future__ import annotations

import gzip
import signal

import boto3
import pytest
import yaml

from pipeline import files
from pipeline.cli.emr import interrupts
from pipeline.cli.entry import end_cleanly_when_told
from pipeline.emr.clusters.request import RECORD_TAG
from pipeline.emr.running.api import Emr
from pipeline.emr.running.record import record_of
from tests.cli.emr.launching import REGION, Launching
from tests.emr.lossy import Loss
from tests.emr.nodes import put_verdict


def interrupt() -> None:
    raise KeyboardInterrupt


def all_ready(launched: Launching, cluster: str) -> None:
    for node in launched.nodes.ids():
        put_verdict(launched.verdicts, cluster, node)


def test_a_cluster_is_launched_from_its_file_and_its_record_says_so(
    launched: Launching, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    assert launched.create("--no-wait") == 0
    assert capsys.readouterr().out == f"{launched.id}\n"
    cluster = Emr(REGION).cluster(launched.id)
    assert cluster.tags[RECORD_TAG].startswith(f"{launched.base}/clusters/{cluster.name}")
    settings = record_of(cluster).settings
    assert (settings.name, settings.core.count) == (launched.name, 2)
    assert "at most 3.25 an hour" in caplog.text
    assert "it ends by itself after 30 minutes idle" in caplog.text
    assert "does not tell the quota" in caplog.text  # moto has none of it


def test_overrides_and_variables_count_as_in_other_commands(
    launched: Launching, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EMR_ENSEMBLES_BASE", launched.base)
    monkeypatch.setenv("EMR_ENSEMBLES_ENVIRONMENT", str(launched.environment))
    monkeypatch.setenv("EMR_ENSEMBLES_LOGS", "s3://bucket/own-logs")
    words = ["--cluster", str(launched.file), "--set", "core.count=4", "--no-wait", "--unchecked"]
    assert launched.emr("create", *words) == 0
    cluster = Emr(REGION).cluster(launched.id)
    assert record_of(cluster).settings.core.count == 4
    assert cluster.logs == "s3://bucket/own-logs/"


@pytest.mark.parametrize("loss", [Loss.DROPPED, Loss.FAILED, Loss.THROTTLED, Loss.UNHEARD])
def test_a_lost_answer_makes_no_second_cluster(launched: Launching, loss: Loss) -> None:
    launched.proxy.lose("RunJobFlow", loss)
    assert launched.create("--no-wait", "--unchecked") == 0
    assert len(launched.clusters()) == 1
    assert launched.proxy.done["RunJobFlow"] == 1


def test_a_command_that_died_after_the_request_attaches_when_it_is_repeated(
    launched: Launching, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    launched.proxy.lose("RunJobFlow", Loss.DROPPED)
    launched.time.events = [interrupt]  # while it waits to look again
    assert launched.create("--unchecked") == 130
    assert f"cluster {launched.id}" in capsys.readouterr().err
    all_ready(launched, launched.id)
    launched.time.events = []
    assert launched.create() == 0
    assert "is there already: nothing was created" in caplog.text
    assert len(launched.clusters()) == 1


def test_when_it_cannot_be_known_whether_a_cluster_runs_it_says_so(
    launched: Launching, capsys: pytest.CaptureFixture[str]
) -> None:
    launched.proxy.lose("RunJobFlow", *[Loss.UNHEARD] * 5)
    assert launched.create("--unchecked") == 1
    assert "repeat the command, which finds it then" in capsys.readouterr().err


def test_an_outage_that_outlasts_the_patience_names_the_cluster_that_runs_on(
    launched: Launching, capsys: pytest.CaptureFixture[str]
) -> None:
    assert launched.create("--no-wait", "--unchecked") == 0
    launched.proxy.lose("ListInstanceFleets", *[Loss.UNHEARD] * 100)
    assert launched.create() == 1
    assert f"cluster {launched.id} may run on" in capsys.readouterr().err


def test_another_version_of_the_file_that_costs_as_well_is_named(
    launched: Launching, caplog: pytest.LogCaptureFixture
) -> None:
    assert launched.create("--no-wait", "--unchecked") == 0
    first = launched.id
    assert launched.create("--no-wait", "--unchecked", "--set", "core.count=3") == 0
    assert f"{first} ({launched.clusters()[1].name}) is active, too, and costs as well" in (
        caplog.text
    )


def test_it_waits_for_all_nodes_and_their_verdicts_which_moto_lacks(
    launched: Launching, caplog: pytest.LogCaptureFixture
) -> None:
    nodes = launched.nodes
    nodes.becomes("STARTING")
    nodes.provisioned["CORE"] = 0
    nodes.fleet_state = "PROVISIONING"

    def up() -> None:
        nodes.becomes("WAITING", "USER_REQUEST", "Cluster ready to run steps.")
        nodes.provisioned["CORE"] = 2
        nodes.fleet_state = "RUNNING"

    launched.time.events = [
        lambda: nodes.becomes("BOOTSTRAPPING"),
        up,
        lambda: put_verdict(launched.verdicts, launched.id, "i-master0"),
        lambda: all_ready(launched, launched.id),
    ]
    assert launched.create("--unchecked") == 0
    said = caplog.text
    assert "starting: primary 1 of 1 provisioning, core 0 of 2 provisioning after 0 s" in said
    assert "core 2 of 2 running after 40 s" in said
    assert "0 of 3 nodes are ready" in said
    assert "1 of 3 nodes are ready" in said
    assert "is ready after 1 min" in said


def test_when_nothing_changes_it_says_so_now_and_then(
    launched: Launching, caplog: pytest.LogCaptureFixture
) -> None:
    launched.nodes.becomes("STARTING")
    assert launched.create("--unchecked", "--wait", "11") == 1
    assert caplog.text.count("starting: primary") == 3  # at once, after 5 minutes, after 10


def test_a_wait_that_takes_too_long_leaves_the_cluster_and_says_what_it_costs(
    launched: Launching, capsys: pytest.CaptureFixture[str]
) -> None:
    launched.nodes.fleet_state = "PROVISIONING"
    launched.nodes.provisioned["CORE"] = 1
    lost = launched.nodes.instances[2]
    lost["Status"] = {"State": "TERMINATED", "StateChangeReason": {"Message": "bootstrap failed"}}
    assert launched.create("--unchecked", "--wait", "5") == 1
    said = capsys.readouterr().err
    assert "is not up with all nodes after 5 minutes" in said
    assert "core 1 of 2 provisioning" in said
    assert "node i-core1 (g5.2xlarge) ended: bootstrap failed" in said
    assert "it costs at most 3.25 an hour" in said
    assert f"emr-ensembles emr terminate {launched.id}" in said
    assert not launched.clusters()[0].has_ended


def test_nodes_that_are_not_ready_are_named_and_the_cluster_is_left_running(
    launched: Launching, capsys: pytest.CaptureFixture[str]
) -> None:
    assert launched.create("--unchecked", "--no-wait") == 0
    all_ready(launched, launched.id)
    put_verdict(launched.verdicts, launched.id, "i-core0", failing={"driver": "no NVIDIA driver"})
    assert launched.create() == 1
    said = capsys.readouterr().err
    assert "is up, and not all of its nodes are ready: 2 of 3 nodes are ready" in said
    assert "  driver: no NVIDIA driver" in said
    assert "it costs at most 3.25 an hour" in said
    assert "ends by itself after 30 minutes idle" in said
    assert not launched.clusters()[0].has_ended


def test_a_failed_bootstrap_action_is_told_with_its_log_which_moto_lacks(
    launched: Launching, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails() -> None:
        launched.nodes.details = [
            {
                "ErrorCode": "BOOTSTRAP_FAILURE_PRIMARY_WITH_NON_ZERO_CODE",
                "ErrorMessage": "The primary instance's action failed",
                "ErrorData": [
                    {"primary-instance-id": "i-master0"},
                    {"bootstrap-action": "1"},
                    {"return-code": "12"},
                ],
            }
        ]
        launched.nodes.becomes("TERMINATED_WITH_ERRORS", "BOOTSTRAP_FAILURE", "On the master")
        place = f"{launched.base}/logs/{launched.id}/node/i-master0/bootstrap-actions/1"
        log = gzip.compress(b"scratch.sh: error: /mnt is full\n")
        files.create_bytes(f"{place}/stderr.gz", log)

    launched.nodes.becomes("BOOTSTRAPPING")
    launched.time.events = [lambda: launched.nodes.becomes("TERMINATING"), fails]
    assert launched.create("--unchecked") == 1
    said = capsys.readouterr().err
    assert "is terminated_with_errors" in said
    assert "bootstrap action 1 failed on i-master0 with return code 12: scratch.sh" in said
    assert "scratch.sh: error: /mnt is full" in said


def test_a_bootstrap_log_that_has_not_arrived_is_told(
    launched: Launching, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "On the master instance (i-0a1), bootstrap action 1 returned a non-zero return code"
    launched.nodes.becomes("TERMINATED_WITH_ERRORS", "BOOTSTRAP_FAILURE", text)
    assert launched.create("--unchecked") == 1
    assert "has not arrived" in capsys.readouterr().err


def test_a_cluster_that_ends_while_nodes_are_checked_is_told(
    launched: Launching, capsys: pytest.CaptureFixture[str]
) -> None:
    ends = ("TERMINATED", "USER_REQUEST", "Terminated by user request")
    launched.time.events = [lambda: launched.nodes.becomes(*ends)]
    assert launched.create("--unchecked") == 1
    assert "USER_REQUEST: Terminated by user request" in capsys.readouterr().err


@pytest.mark.parametrize("at", [1, 4])
def test_ctrl_c_leaves_the_cluster_and_tells_its_state_and_cost(
    launched: Launching, capsys: pytest.CaptureFixture[str], at: int
) -> None:
    launched.time.events = [*[lambda: None] * (at - 1), interrupt]
    assert launched.create("--unchecked") == 130
    said = capsys.readouterr()
    assert said.out == f"{launched.id}\n"
    assert f"cluster {launched.id} ({launched.clusters()[0].name}) is waiting: it costs" in said.err
    assert "at most 3.25 an hour" in said.err
    assert "ends by itself after 30 minutes idle" in said.err
    assert f"to end it now: emr-ensembles emr terminate {launched.id}" in said.err
    assert not launched.clusters()[0].has_ended


def test_sigterm_does_the_same_and_leaves_the_process_as_it_was(
    launched: Launching, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interrupts, "end_cleanly_when_told", end_cleanly_when_told)
    before = signal.getsignal(signal.SIGTERM)
    launched.time.events = [lambda: signal.raise_signal(signal.SIGTERM)]
    assert launched.create("--unchecked") == 143
    assert f"cluster {launched.id}" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGTERM) is before


def test_what_the_region_does_not_have_is_all_told_and_nothing_is_launched_or_staged(
    launched: Launching, capsys: pytest.CaptureFixture[str]
) -> None:
    content = yaml.safe_load(launched.file.read_text())
    content["subnets"] = ["subnet-0000", "subnet-1111"]
    launched.file.write_text(yaml.safe_dump(content))
    assert launched.create() == 2
    said = capsys.readouterr().err
    assert "subnet-0000 is not in us-east-1" in said
    assert "subnet-1111 is not in us-east-1" in said
    assert "nothing was launched; to launch it all the same, add --unchecked" in said
    assert launched.clusters() == []
    assert files.names(launched.base) == []


@pytest.mark.parametrize("missing", ["--base", "--environment"])
def test_a_missing_place_is_told_with_its_variable(
    launched: Launching,
    missing: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = launched.staged()
    at = words.index(missing)
    assert launched.emr("create", *words[:at], *words[at + 2 :]) == 2
    variable = f"EMR_ENSEMBLES_{missing.removeprefix('--').upper()}"
    assert f"{missing} is missing: give it, or set {variable}" in capsys.readouterr().err


def test_a_cluster_file_with_problems_is_refused_before_anything_else(
    launched: Launching, capsys: pytest.CaptureFixture[str]
) -> None:
    assert launched.create("--set", "core.market=spot", "--set", "primary.count=2") == 2
    said = capsys.readouterr().err
    assert "core.market" in said
    assert "primary.count" in said
    assert launched.proxy.asked["ListClusters"] == 0


def test_no_credential_is_written_or_printed(
    launched: Launching,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    secrets = {
        "AWS_ACCESS_KEY_ID": "AKIDSENTINEL",
        "AWS_SECRET_ACCESS_KEY": "secret-sentinel",
        "AWS_SESSION_TOKEN": "token-sentinel",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    launched.time.events = [interrupt]
    assert launched.create() == 130
    for command in ("list", "status", "cost", "verify", "terminate"):
        launched.emr(command, *([] if command == "list" else [launched.id]))
    said = capsys.readouterr()
    client = boto3.client("s3")
    keys = client.list_objects_v2(Bucket="bucket", Prefix=launched.name)["Contents"]
    stored = b"".join(
        client.get_object(Bucket="bucket", Key=each["Key"])["Body"].read() for each in keys
    )
    tags = str(Emr(REGION).cluster(launched.id))
    assert len(keys) >= 4
    for value in secrets.values():
        assert value not in said.out + said.err + caplog.text + tags
        assert value.encode() not in stored

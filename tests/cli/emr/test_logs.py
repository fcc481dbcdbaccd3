"""`emr logs` against moto over HTTP: logs lie on S3 as EMR lays them out."""

from __future__ import annotations

import pytest

from pipeline.cli.main import main
from pipeline.emr import aws
from tests.cli.emr.submitting import TWO, Submitting
from tests.emr.lossy import Loss, Lossy

APPLICATION = "application_1_0007"
DRIVER, EXECUTOR = "container_1_0007_01_000001", "container_1_0007_01_000002"


@pytest.fixture
def failed(asked: Submitting) -> Submitting:
    """A cluster with a step that failed, and another that was cancelled."""
    asked.submit(*TWO, "--no-wait")
    for step, state in zip(asked.cluster.steps, ("FAILED", "CANCELLED"), strict=True):
        step.state = state
    return asked


def logs(submitting: Submitting, *more: str) -> int:
    return main(["emr", "logs", submitting.cluster.id, *more])


def put_all(submitting: Submitting, step: str) -> None:
    cluster = submitting.cluster
    cluster.put_log(f"Submitted {APPLICATION}\nended\n", "steps", step, "stderr.gz")
    lines = "".join(f"driver {number}\n" for number in range(200))
    cluster.put_log(lines, "containers", APPLICATION, DRIVER, "stderr.gz")
    cluster.put_log("model  test AUC\n", "containers", APPLICATION, DRIVER, "stdout.gz")
    cluster.put_log("executor\n", "containers", APPLICATION, EXECUTOR, "stderr.gz")


def test_the_step_that_failed_is_shown_with_its_drivers_container(
    failed: Submitting, capsys: pytest.CaptureFixture[str]
) -> None:
    step = failed.cluster.steps[0].id
    put_all(failed, step)
    capsys.readouterr()
    assert logs(failed, "--lines", "3") == 0
    told = capsys.readouterr()
    base = f"{failed.base}/logs/{failed.cluster.id}"
    assert told.out == (
        f"==> {base}/steps/{step}/stderr.gz\nSubmitted {APPLICATION}\nended\n"
        f"==> {base}/containers/{APPLICATION}/{DRIVER}/stderr.gz\n"
        "driver 197\ndriver 198\ndriver 199\n"
        f"==> {base}/containers/{APPLICATION}/{DRIVER}/stdout.gz\nmodel  test AUC\n"
    )
    assert f"step {step} (small prepare " in told.err


def test_executors_are_shown_when_they_are_asked_for(
    failed: Submitting, capsys: pytest.CaptureFixture[str]
) -> None:
    put_all(failed, failed.cluster.steps[0].id)
    assert logs(failed, "--job", "prepare", "--all-containers") == 0
    assert f"{EXECUTOR}/stderr.gz\nexecutor\n" in capsys.readouterr().out


def test_what_has_not_arrived_is_told_with_how_late_it_may_be(
    failed: Submitting, capsys: pytest.CaptureFixture[str]
) -> None:
    assert logs(failed, "--step", failed.cluster.steps[1].id) == 1
    assert "EMR brings logs about every 5 minutes" in capsys.readouterr().err


def test_of_an_application_that_never_began_the_controllers_log_is_shown(
    failed: Submitting, capsys: pytest.CaptureFixture[str]
) -> None:
    failed.cluster.put_log("INFO waiting\n", "steps", failed.cluster.steps[0].id, "controller.gz")
    assert logs(failed) == 0
    assert "controller.gz\nINFO waiting\n" in capsys.readouterr().out


def test_nodes_bootstrap_logs_are_shown_also_of_one_node(
    failed: Submitting, capsys: pytest.CaptureFixture[str]
) -> None:
    for node in ("i-1", "i-2"):
        failed.cluster.put_log(f"of {node}\n", "node", node, "bootstrap-actions", "1", "stderr.gz")
    failed.cluster.put_log("x\n", "node", "i-1", "bootstrap-actions", "1", "controller.gz")
    assert logs(failed, "--bootstrap") == 0
    told = capsys.readouterr().out
    assert "of i-1\n" in told
    assert "of i-2\n" in told
    assert "controller" not in told
    assert logs(failed, "--bootstrap", "--node", "i-2") == 0
    assert "of i-1" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--step", "s-NONE"], "has no step s-NONE; the last ones are: s-"),
        (["--job", "deep"], "has no step of deep; the last ones are: s-"),
        (["--node", "i-1"], "--node: only bootstrap actions write logs by node"),
    ],
)
def test_what_is_not_there_is_told(
    failed: Submitting, capsys: pytest.CaptureFixture[str], more: list[str], said: str
) -> None:
    assert logs(failed, *more) == 2
    assert said in capsys.readouterr().err


def test_logs_of_a_cluster_that_has_ended_are_shown(
    failed: Submitting, capsys: pytest.CaptureFixture[str]
) -> None:
    put_all(failed, failed.cluster.steps[0].id)
    failed.cluster.die("idle")
    assert logs(failed) == 0
    assert "driver 199" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("operation", "loss"),
    [
        *[("DescribeCluster", loss) for loss in (Loss.DROPPED, Loss.FAILED, Loss.THROTTLED)],
        *[("ListSteps", loss) for loss in (Loss.DROPPED, Loss.FAILED, Loss.LATE)],
        ("GetObject", Loss.DROPPED),
    ],
)
def test_lost_answers_are_asked_for_again_and_no_line_comes_twice(
    failed: Submitting,
    emr_proxy: Lossy,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    operation: str,
    loss: Loss,
) -> None:
    put_all(failed, failed.cluster.steps[0].id)
    monkeypatch.setattr(aws, "READ_TIMEOUT_S", 1.0)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", emr_proxy.url)
    capsys.readouterr()
    emr_proxy.lose(operation, loss)
    before = emr_proxy.asked[operation]
    assert logs(failed, "--lines", "3") == 0
    assert emr_proxy.asked[operation] > before + 1
    shown = capsys.readouterr().out
    assert shown.count("driver 199\n") == 1
    assert shown.count("==> ") == 3

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.local import cluster, commands
from pipeline.local.state import ClusterState
from tests.local.test_state import make_state


def call(*words: str) -> int:
    parser = argparse.ArgumentParser()
    commands.add_parser(parser.add_subparsers())
    return commands.run(parser.parse_args(["local", *words]))


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What `up` is called with, once a command has called it."""
    seen: dict[str, Any] = {}

    def up(directory: Path, **options: Any) -> ClusterState:
        seen.update(options, directory=directory)
        return make_state(tmp_path)

    monkeypatch.setattr(cluster, "up", up)
    return seen


def test_up_passes_its_options_on(asked: dict[str, Any]) -> None:
    shape = ["--workers", "3", "--cores-per-worker", "2", "--gpus-per-worker", "1"]
    assert call("up", "--dir", "d", *shape, "--memory-per-worker", "2g") == 0
    assert asked == {
        "directory": Path("d"),
        "workers": 3,
        "cores_per_worker": 2,
        "memory_per_worker_mb": 2048,
        "gpus_per_worker": 1,
    }


def test_up_prints_what_a_shell_needs(
    asked: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    call("up")
    assert asked["directory"] == Path("out/cluster")
    assert "export SPARK_MASTER=spark://127.0.0.1:7077" in capsys.readouterr().out


def test_a_size_without_a_unit_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        call("up", "--memory-per-worker", "2000")
    assert "2000: expected a size such as 1500m or 2g" in capsys.readouterr().err


def test_where_nothing_runs_status_says_so_by_its_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("status", "--dir", str(tmp_path)) == 1
    assert "no cluster is running" in capsys.readouterr().out


def test_status_in_json(cluster: ClusterState, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("status", "--dir", cluster.directory, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["running"] is True
    assert told["cluster"]["master_url"] == cluster.master_url


def test_status_in_text(cluster: ClusterState, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("status", "--dir", cluster.directory) == 0
    text = capsys.readouterr().out
    assert cluster.web_url in text
    assert all(worker.web_url in text for worker in cluster.workers)


def test_down_where_nothing_runs_is_no_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("down", "--dir", str(tmp_path)) == 0
    assert "no cluster was running" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["up", "down", "status"])
def test_every_option_has_a_help_text(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        call(command, "--help")
    assert "--dir" in capsys.readouterr().out

"""`emr-ensembles` and its commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import pipeline
from pipeline.cli.main import main

ROOT = Path(__file__).resolve().parents[2]


def _out(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 0
    return re.sub(r"\s+", " ", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ([], ["--version", "run", "local", "models", "lr-range", "emr", "plan"]),
        (["models"], ["promote", "rollback", "list"]),
        (["models", "promote"], ["--model NAME", "--force", "--fail-if-not", "--json", "3 when"]),
        (["run"], ["--config FILE", "--set KEY=VALUE", "--cluster DIR", "--master URL", "--jobs"]),
        (["local"], ["up", "down", "status"]),
        (
            ["local", "up"],
            ["--dir", "--workers", "--cores-per-worker", "--memory-per-worker", "--gpus-per-wor"],
        ),
        (["local", "down"], ["--dir"]),
        (["local", "status"], ["--dir", "--json"]),
    ],
)
def test_help_tells_every_option(
    command: list[str], options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    told = _out([*command, "--help"], capsys)
    assert "usage: emr-ensembles" in told
    for option in options:
        assert option in told


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert _out(["--version"], capsys).strip() == pipeline.__version__


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--config", "{tmp}/none.yaml", "--cluster", "{tmp}"],
            "{tmp}/none.yaml: no such file",
        ),
        (
            ["--config", str(ROOT / "conf/flights.yaml"), "--cluster", "{tmp}"],
            "error: {tmp}: no cluster runs there; start one: emr-ensembles local up --dir {tmp}",
        ),
        (
            ["--config", str(ROOT / "conf/flights.yaml"), "--cluster", "x", "--set", "seeed=1"],
            "seeed: unknown key; did you mean seed?",
        ),
    ],
)
def test_what_the_user_can_mend_is_one_line(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", *(part.format(tmp=tmp_path) for part in arguments)]) == 2
    told = capsys.readouterr().err
    assert message.format(tmp=tmp_path) in told
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["run"],
        ["run", "--config", "x"],
        ["run", "--config", "x", "--master", "m", "--jobs", "y"],
    ],
)
def test_arguments_that_are_missing_or_wrong(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: emr-ensembles" in capsys.readouterr().err

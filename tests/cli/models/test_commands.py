"""`emr-ensembles models`: what is said, exit codes, and that no Spark is needed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.cli.main import main
from tests.cli.models.made import Day, first_champion, next_day

HEAVY = [
    *("numpy", "pandas", "scipy", "sklearn", "matplotlib"),
    *("pyspark", "py4j", "xgboost", "mxnet", "horovod"),
]


def config(day: Day) -> str:
    """The day's whole config as a file, with sections that promotion does not read."""
    path = Path(day.place) / f"{day.date}.yaml"
    whole = {
        **day.job.model_dump(mode="json"),
        "source": {"kind": "flights"},
        "columns": {"label": "late"},
        "boosting": {"eta": 0.1},
        "spark": {"spark.sql.shuffle.partitions": 8},
    }
    path.write_text(yaml.safe_dump(whole))
    return str(path)


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert main(["models", *arguments]) == code
    return capsys.readouterr().out


@pytest.fixture
def day(tmp_path: Path) -> Day:
    """A day whose model is not better than the champion by the margin."""
    day = next_day(first_champion(str(tmp_path), margin=0.01), "2026-11-02", boosting="2")
    day.report(boosting=0.805, champion=0.8)
    return day


def test_a_champion_that_stays_is_no_failure_unless_that_is_asked_for(
    day: Day, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["promote", "--config", config(day)]
    told = said(capsys, *given)
    assert told.startswith("champion number 1 (boosting) stays: auc 0.805 of boosting is 0.005 bet")
    assert said(capsys, *given, "--fail-if-not", code=3) == told
    record = json.loads(said(capsys, *given, "--json"))
    assert (record["promoted"], record["outcome"]) == (False, "stays")
    assert record["champion"]["number"] == 1
    assert (record["value"], record["champion_value"], record["gain"]) == (0.805, 0.8, 0.005)


def test_an_override_of_the_margin_holds_and_the_record_says_who_asked(
    day: Day, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["promote", "--config", config(day), "--set", "promotion.margin=0.002", "--json"]
    record = json.loads(said(capsys, *given, "--fail-if-not"))
    assert (record["promoted"], record["champion"]["number"]) == (True, 2)
    command = day.champion().record["command"]
    assert command["command"] == "models promote"
    assert command["overrides"] == ["promotion.margin=0.002"]
    again = json.loads(said(capsys, *given, "--fail-if-not"))
    assert (again["promoted"], again["outcome"]) == (False, "unchanged")


def test_the_history_is_a_table_with_the_champion_marked(
    day: Day, capsys: pytest.CaptureFixture[str]
) -> None:
    said(capsys, "promote", "--config", config(day), "--set", "promotion.margin=0")
    place = ["--registry", f"{day.place}/champions", "--name", "churn"]
    told = said(capsys, "rollback", *place)
    assert told.startswith("boosting is champion number 3 now: the model of number 1")
    head, *lines = said(capsys, "list", *place).splitlines()
    assert head.split() == ["number", "when", "what", "model", "metric", "value", "before", "run"]
    assert [line[:3] for line in lines] == ["  1", "  2", "* 3"]
    assert "  promoted   boosting  auc     0.805  0.8     run-2026-11-02" in lines[1]
    assert "back to 1" in lines[2]
    records = json.loads(said(capsys, "list", "--config", config(day), "--json"))
    assert [record["is_champion"] for record in records] == [False, False, True]
    assert records[1]["over"]["number"] == 1
    assert records[2]["uri"].endswith("/champions/churn@3")


def test_a_name_without_champions_has_an_empty_list(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "list", "--registry", str(tmp_path), "--name", "none"]) == 0
    assert capsys.readouterr().err == f"no champion below {tmp_path.as_uri()}/none\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--registry", "{tmp}"], "--registry needs --name"),
        (["--registry", "{tmp}", "--name", "a/b"], "'a/b' cannot name a champion"),
        (["--config", "{tmp}/none.yaml"], "none.yaml: no such file"),
        (["--config", "{tmp}/job.yaml"], "promotion.registry is not set"),
        (["--config", "{tmp}/job.yaml", "--name", "x"], "--name goes with --registry"),
        (
            ["--config", "{tmp}/job.yaml", "--set", "promotion.margn=1"],
            "promotion.margn: unknown key; did you mean margin?",
        ),
        (
            ["--config", "{tmp}/job.yaml", "--set", "promotion.registry={tmp}"],
            "'my churn' cannot name a champion",
        ),
    ],
)
def test_arguments_that_name_no_champion_are_the_users_error(
    tmp_path: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "job.yaml").write_text("{name: my churn, output: out}")
    given = [argument.format(tmp=tmp_path) for argument in arguments]
    assert main(["models", "list", *given]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("are_there", [True, False])
def test_no_spark_and_no_trainers_library_is_imported_or_needed(day: Day, are_there: bool) -> None:
    file = config(day)
    commands = [
        ["promote", "--config", file, "--set", "promotion.margin=0"],
        ["list", "--config", file],
        ["rollback", "--config", file],
        ["rollback", "--config", file, "--to", "77"],
    ]
    given = json.dumps({"commands": commands, "missing": [] if are_there else HEAVY})
    ended: Any = subprocess.run(
        [sys.executable, "-c", _SCRIPT, given, *HEAVY], capture_output=True, text=True, check=False
    )
    assert ended.stdout.splitlines()[-1:] == ["[0, 0, 0, 2] []"], ended.stderr
    assert "no champion number 77" in ended.stderr


_SCRIPT = """
import json, sys
given = json.loads(sys.argv[1])
sys.modules.update(dict.fromkeys(given["missing"]))  # importing one of them raises ImportError
from pipeline.cli.main import main
codes = [main(["models", *command]) for command in given["commands"]]
# pyarrow, by which files are read, takes numpy where it is; it does not need it.
print(codes, [name for name in sys.argv[2:] if sys.modules.get(name) and name != "numpy"])
"""

"""`emr-ensembles config`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from pipeline.bagging import BaggingClassifier
from pipeline.boosting import BoostingClassifier
from pipeline.cli import config_commands
from pipeline.cli.job_config import FREE_KEYS, JobConfig
from pipeline.config import load
from pipeline.config.known_keys import section_of
from pipeline.deep import DeepClassifier
from pipeline.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]
FLIGHTS = str(ROOT / "conf" / "flights.yaml")


def _run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    config_commands.add_parser(parser.add_subparsers())
    args = parser.parse_args(["config", *arguments])
    return int(args.handler(args))


def _sections(schema: type[BaseModel]) -> set[type[BaseModel]]:
    below = {section_of(field.annotation) for field in schema.model_fields.values()} - {None}
    return {schema}.union(*(_sections(section) for section in below if section))


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ([], ["check", "show", "schema"]),
        (["check"], ["--config FILE", "--set KEY=VALUE"]),
        (["show"], ["--config FILE", "--set KEY=VALUE", "--json"]),
        (["schema"], ["--output FILE"]),
    ],
)
def test_help_tells_every_option(
    command: list[str], options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        _run(*command, "--help")
    assert ended.value.code == 0
    told = " ".join(capsys.readouterr().out.split())
    assert all(option in told for option in options)


def test_a_valid_config_is_ok(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("check", "--config", FLIGHTS, "--set", "seed=1") == 0
    assert capsys.readouterr().out == f"{FLIGHTS}: ok\n"


def test_a_wrong_config_is_refused_with_all_its_problems(tmp_path: Path) -> None:
    path = tmp_path / "job.yaml"
    path.write_text("name: x\noutput: o\nsource: {kind: csv}\nboosting: {eta: 3}\n")
    with pytest.raises(ConfigError) as caught:
        _run("check", "--config", str(path), "--set", "gang.device=cuda")
    assert caught.value.exit_code == 2
    assert caught.value.problems == [
        f"{path}: columns: missing, and it has no default",
        f"{path}:3: source: kind csv needs `uri`, a file or directory, and no `table`",
        f"{path}:4: boosting: BoostingClassifier: eta must be above 0 and at most 1, not 3.0",
        "--set gang.device=cuda: gang.device: expected cpu or gpu (got 'cuda')",
    ]


@pytest.mark.parametrize("name", ["flights.yaml", "flights-by-time.yaml"])
def test_what_is_shown_is_a_config_with_the_same_effect(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    overrides = ["boosting.eta=0.5", "name='a $${b}'", "spark.spark.a=true", "deep.dropout=1e-5"]
    given = [part for item in overrides for part in ("--set", item)]
    assert _run("show", "--config", str(ROOT / "conf" / name), *given) == 0
    again = tmp_path / "again.yaml"
    again.write_text(capsys.readouterr().out)
    before = load(JobConfig, ROOT / "conf" / name, overrides, FREE_KEYS)
    after = load(JobConfig, again, (), FREE_KEYS)
    assert after.made_by == before.made_by
    assert after.name == "a ${b}"
    assert after.spark_settings == before.spark_settings
    for trainer, estimator in (
        ("bagging", BaggingClassifier),
        ("boosting", BoostingClassifier),
        ("deep", DeepClassifier),
    ):
        one, other = (estimator(**getattr(c, trainer).given()) for c in (before, after))
        assert [one.value(p.name) for p in one.params] == [other.value(p.name) for p in one.params]


def test_show_says_the_origin_of_each_value(capsys: pytest.CaptureFixture[str]) -> None:
    _run("show", "--config", FLIGHTS, "--set", "boosting.eta=0.5")
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    (line,) = (
        number
        for number, text in enumerate(Path(FLIGHTS).read_text().splitlines(), start=1)
        if text == "  rounds: 200"
    )
    assert ["rounds:", "200", "#", f"{FLIGHTS}:{line}"] in shown
    assert ["eta:", "0.5", "#", "--set"] in shown
    assert ["subsample:", "1.0", "#", "default"] in shown


def test_the_defaults_of_the_trainers_are_their_estimators(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _run("show", "--config", FLIGHTS, "--json")
    shown = {entry["key"]: entry for entry in json.loads(capsys.readouterr().out)}
    made = {
        "bagging": BaggingClassifier(),
        "boosting": BoostingClassifier(),
        "deep": DeepClassifier(),
    }
    checked = 0
    for key, entry in shown.items():
        section, _, name = key.partition(".")
        if section in made and entry["origin"] == "default":
            assert entry["value"] == made[section].value(name), key
            checked += 1
    assert checked > 15
    assert shown["bagging.reg_lambda"]["value"] == 0.0
    assert shown["boosting.eta"] == {
        "key": "boosting.eta",
        "value": 0.15,
        "origin": shown["boosting.eta"]["origin"],
    }


def test_secrets_are_shown_by_neither_form(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KEY", "xyzzy")
    given = ["--set", "spark.spark.hadoop.fs.s3a.secret.key=${env:KEY}", "--set", "name=${env:KEY}"]
    _run("show", "--config", FLIGHTS, *given)
    assert capsys.readouterr().out.count("xyzzy") == 1  # the name
    _run("show", "--config", FLIGHTS, "--json", *given)
    entries = {entry["key"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert entries["spark.spark.hadoop.fs.s3a.secret.key"] == {
        "key": "spark.spark.hadoop.fs.s3a.secret.key",
        "value": "********",
        "origin": "--set",
    }
    assert entries["name"]["raw"] == "${env:KEY}"


def test_the_published_schema_is_that_of_the_code() -> None:
    published = (ROOT / config_commands.SCHEMA_FILE).read_text(encoding="utf-8")
    assert published == config_commands.schema_text(), (
        f"renew it: emr-ensembles config schema --output {config_commands.SCHEMA_FILE}"
    )


def test_the_schema_is_printed_or_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run("schema") == 0
    printed = capsys.readouterr().out
    assert printed == config_commands.schema_text()
    assert _run("schema", "--output", str(tmp_path / "s.json")) == 0
    assert capsys.readouterr().out == ""
    assert (tmp_path / "s.json").read_text(encoding="utf-8") == printed


def test_every_key_has_a_description() -> None:
    schema = json.loads(config_commands.schema_text())
    parts = {"": schema, **schema["$defs"]}
    without = [
        f"{name}.{key}"
        for name, part in parts.items()
        for key, value in part["properties"].items()
        if not value.get("description")
    ]
    assert without == []
    assert len(parts) == len(_sections(JobConfig))


def test_the_schema_states_the_estimators_defaults() -> None:
    defs = json.loads(config_commands.schema_text())["$defs"]
    boosting = defs["BoostingSettings"]["properties"]
    assert boosting["eta"]["default"] == BoostingClassifier().value("eta")
    assert boosting["early_stopping_rounds"]["default"] == 20
    assert boosting["gamma"]["description"].endswith("; default: the library's own.")
    assert defs["DeepSettings"]["properties"]["hidden"]["default"] == [256, 128]


@pytest.mark.parametrize("path", sorted((ROOT / "conf").glob("*.yaml")), ids=lambda p: p.name)
def test_the_jobs_of_the_repository_name_the_schema_for_editors(path: Path) -> None:
    first, *_ = path.read_text(encoding="utf-8").splitlines()
    assert first == "# yaml-language-server: $schema=job.schema.json"
    known: Any = json.loads(config_commands.schema_text())["properties"]
    assert set(yaml.safe_load(path.read_text(encoding="utf-8"))) <= set(known)

"""The guides' commands, held against what they call: our own CLI, AWS's models, the templates."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import botocore.session
import jmespath
import pytest
from botocore import xform_name

from pipeline.cli.job_config import FREE_KEYS, JobConfig
from pipeline.cli.main import main, make_parser
from pipeline.config import load
from pipeline.emr.clusters.files import load_cluster
from pipeline.emr.clusters.parameters import PARAMETERS
from pipeline.emr.clusters.sizes import node_of
from pipeline.emr.instances.quotas import quota_of_name
from tests.emr.clusters.samples import VARIABLES
from tests.infra.cloudformation.templates import load as load_template
from tests.infra.shell import PLACEHOLDER, ROOT, Command, blocks, commands, spans

GUIDE = "infra/README.md"
OWN = ("emr-ensembles", "make")
OURS = re.compile(r"(emr-ensembles|make|aws) \S+")
TOP = ("benchmarks/", "bootstrap/", "conf/", "infra/", "jobs/", "requirements/")

SCRIPT = "\n".join(blocks(GUIDE, "sh"))
IN_GUIDE = commands(SCRIPT) + [
    each for text in spans(GUIDE) if OURS.match(text) for each in commands(text)
]
IN_OTHERS = [
    each
    for language, file in (("", "README.md"), ("sh", "bootstrap/README.md"))
    for block in blocks(file, language)
    for line in block.replace("\\\n", " ").splitlines()
    if line.startswith(OWN) and OURS.match(line)
    for each in commands(line)
]
SPANS_OF_OTHERS = [
    text
    for file in ("README.md", "bootstrap/README.md")
    for text in spans(file)
    if text.startswith(OWN) and OURS.match(text)
]

# What only the AWS CLI has: neither operations of a service nor named as they are.
OF_CLI: dict[tuple[str, str], set[str]] = {
    ("cloudformation", "deploy"): {
        *("stack-name", "template-file", "parameter-overrides", "capabilities"),
        "no-fail-on-empty-changeset",
    },
    ("s3", "cp"): set(),
    ("emr", "modify-cluster-attributes"): {"cluster-id", "no-termination-protected"},
}
GLOBAL = {"query", "output", "region"}
OVERRIDES = "--parameter-overrides"


def by(commands: list[Command], *programs: str) -> list[Command]:
    return list(dict.fromkeys(each for each in commands if each.words[0] in programs))


@pytest.fixture(scope="module")
def parser() -> argparse.ArgumentParser:
    """The real one, which takes no abbreviations."""
    made = make_parser()
    for each in _all(made):
        each.allow_abbrev = False
    return made


def _all(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    return [parser, *(each for inside in _below(parser).values() for each in _all(inside))]


def _below(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The parsers of a command's commands."""
    return {
        name: inside
        for action in parser._actions
        if isinstance(action, argparse._SubParsersAction)
        for name, inside in action.choices.items()
    }


def test_the_guide_has_the_commands_from_create_to_terminate() -> None:
    called = [each.words[1:3] for each in by(commands(SCRIPT), "emr-ensembles")]
    wanted = ["create", "verify", "submit", "status", "logs", "cost", "terminate", "list"]
    places = [called.index(("emr", name)) for name in wanted]
    assert places == sorted(places)
    assert called.index(("instances", "check")) < called.index(("env", "pack"))
    assert called.index(("env", "pack")) < called.index(("plan", "--cluster")) < places[0]


@pytest.mark.parametrize("command", by(IN_GUIDE + IN_OTHERS, "emr-ensembles"), ids=str)
def test_the_cli_takes_every_command_of_the_guides(
    command: Command,
    parser: argparse.ArgumentParser,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    try:
        args = parser.parse_args(command.words[1:])
    except SystemExit:
        pytest.fail(capsys.readouterr().err)
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    cluster, job = getattr(args, "cluster", None), getattr(args, "config", None)
    of_cluster = isinstance(cluster, str) and cluster.endswith(".yaml")
    if of_cluster and cluster.startswith(TOP):
        load_cluster(cluster, getattr(args, "cluster_overrides", args.overrides))
    if isinstance(job, str) and job.startswith(TOP):
        load(JobConfig, job, args.overrides, FREE_KEYS)


@pytest.mark.parametrize(
    "command",
    [each for each in by(commands(SCRIPT), "emr-ensembles") if each.words[1] == "plan"],
    ids=str,
)
def test_nothing_stands_against_what_the_guide_plans(
    command: Command, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    assert main(command.words[1:]) == 0
    assert "problems" not in capsys.readouterr().out


@pytest.mark.parametrize("text", sorted(set(SPANS_OF_OTHERS)))
def test_what_other_texts_name_is_a_command_with_these_options(
    text: str, parser: argparse.ArgumentParser
) -> None:
    program, *words = text.split()
    if program == "make":
        assert set(words) <= _targets()
        return
    for word in words:
        if word.startswith("--"):
            assert word.partition("=")[0] in parser._option_string_actions
        elif inside := _below(parser):
            assert word in inside
            parser = inside[word]


@pytest.mark.parametrize("command", by(IN_GUIDE + IN_OTHERS, "make"), ids=str)
def test_the_makefile_has_every_target_of_the_guides(command: Command) -> None:
    assert set(command.words[1:]) <= _targets()


def _targets() -> set[str]:
    made = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z-]+):", made, re.MULTILINE))


def test_every_file_of_the_repository_that_is_named_is_there() -> None:
    words = [word for each in IN_GUIDE + IN_OTHERS for word in each.words]
    named = {word for word in words if word.startswith(TOP) and PLACEHOLDER not in word}
    named |= {text for text in spans(GUIDE) if text.startswith(TOP)}
    assert {"conf/flights.yaml", "bootstrap/bundle.sh", "requirements/horovod_gpu.sh"} <= named
    assert not [each for each in sorted(named) if not (ROOT / each).exists()]


@pytest.mark.parametrize("file", [GUIDE, "README.md", "bootstrap/README.md"])
def test_links_lead_to_files_and_headings(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        found = (ROOT / file).parent / path if path else ROOT / file
        assert found.exists(), target
        if anchor:
            assert anchor in _anchors(found), target


def _anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


def test_a_shell_takes_the_blocks_one_after_the_other(tmp_path: Path) -> None:
    """Also that each variable is set before it is used."""
    script = tmp_path / "guide.sh"
    # SC1091: what activates the environment; SC2155: an export of an output in one line.
    script.write_text(f"#!/usr/bin/env bash\n{SCRIPT}", encoding="utf-8")
    checker = Path(sys.executable).parent / "shellcheck"
    said = subprocess.run(
        [checker, "--exclude", "SC1091,SC2155", script], capture_output=True, text=True, check=False
    )
    assert said.returncode == 0, said.stdout


def test_the_variables_are_those_that_cluster_files_and_commands_read() -> None:
    exported = set(re.findall(r"export (EMR_ENSEMBLES_\w+)=", SCRIPT))
    read = {"EMR_ENSEMBLES_BASE", "EMR_ENSEMBLES_LOGS", "EMR_ENSEMBLES_ENVIRONMENT"}
    for path in (ROOT / "conf" / "clusters").glob("*.yaml"):
        read |= set(re.findall(r"\$\{env:(\w+)", path.read_text(encoding="utf-8")))
    assert exported == read


@pytest.mark.parametrize("command", by(IN_GUIDE + IN_OTHERS, "aws"), ids=str)
def test_aws_has_every_operation_with_these_parameters(command: Command) -> None:
    service, name, *rest = command.words[1:]
    given = {word.removeprefix("--") for word in rest if word.startswith("--")}
    if name == "wait":
        waiters = botocore.session.get_session().get_waiter_model(service).waiter_names
        assert rest[0] in {xform_name(each, "-") for each in waiters}
        return
    if (service, name) in OF_CLI:
        assert given <= OF_CLI[service, name]
        return
    model = _service(service)
    operations = {xform_name(each, "-"): each for each in model.operation_names}
    assert name in operations
    operation = model.operation_model(operations[name])
    members = operation.input_shape.members if operation.input_shape else {}
    known = {xform_name(each, "-"): each for each in members}
    switches = {f"no-{key}" for key, each in known.items() if members[each].type_name == "boolean"}
    assert given <= known.keys() | switches | GLOBAL
    required = set(operation.input_shape.required_members) if operation.input_shape else set()
    required -= set(operation.idempotent_members)  # tokens, which the AWS CLI makes up
    assert {xform_name(each, "-") for each in required} <= given
    if "query" in given:
        query = rest[rest.index("--query") + 1]
        top = re.match(r"\w+", query)
        assert top is not None
        assert top[0] in operation.output_shape.members
        jmespath.compile(query)


def _service(name: str) -> Any:
    return botocore.session.get_session().get_service_model("s3" if name == "s3api" else name)


def _with_values(command: Command) -> dict[str, str]:
    """The parameters that a call of the guide's function `deploy` gives."""
    words = command.words
    if OVERRIDES not in words:
        return {}
    pairs = words[words.index(OVERRIDES) + 1 :]
    return dict(each.split("=", 1) for each in pairs if "=" in each)


@pytest.mark.parametrize("command", by(commands(SCRIPT), "deploy"), ids=str)
def test_stacks_get_the_parameters_that_their_templates_ask_for(command: Command) -> None:
    declared = load_template(command.words[1])["Parameters"]
    given = _with_values(command)
    assert given.keys() <= declared.keys()
    assert {name for name, each in declared.items() if "Default" not in each} <= given.keys()
    for name, value in given.items():
        if PLACEHOLDER in value:
            continue
        assert value in declared[name].get("AllowedValues", [value])
        assert re.fullmatch(declared[name].get("AllowedPattern", ".*"), value)


def test_all_stacks_are_deployed_in_an_order_that_works_and_deleted() -> None:
    deployed = [each.words[1] for each in commands(SCRIPT) if each.words[0] == "deploy"]
    first = list(dict.fromkeys(deployed))
    assert set(first) == {path.stem for path in (ROOT / "infra" / "cloudformation").glob("*.yaml")}
    (loop,) = re.findall(r"^for name in ([a-z ]+); do$", SCRIPT, re.MULTILINE)
    assert sorted(loop.split()) == sorted(first)
    # What another stack takes outputs of goes after it.
    for earlier, later in (("buckets", "roles"), ("buckets", "network"), ("roles", "security")):
        assert first.index(earlier) < first.index(later)
        assert loop.split().index(later) < loop.split().index(earlier)


def test_the_outputs_that_are_asked_for_are_the_templates() -> None:
    asked = {each.words[1:3] for each in by(IN_GUIDE, "output") if PLACEHOLDER not in each.words[1]}
    asked |= {tuple(text.split()[1:3]) for text in spans(GUIDE) if text.startswith("output ")}
    assert len(asked) > 10
    for stack, key in asked:
        assert key in load_template(stack)["Outputs"], (stack, key)


def test_stacks_parameters_that_the_table_names_exist() -> None:
    (table,) = re.findall(r"\| Stack \|.*?\n\n", (ROOT / GUIDE).read_text("utf-8"), re.DOTALL)
    rows = re.findall(r"^\| `(\w+)` \|.*\|(.*)\|$", table, re.MULTILINE)
    assert len(rows) == 4
    for stack, told in rows:
        names = set(re.findall(r"`([A-Z]\w+)`", told))
        assert names <= load_template(stack)["Parameters"].keys()


def test_what_stage_prints_is_what_a_clusters_template_asks_for() -> None:
    words = next(each.words for each in by(commands(SCRIPT), "aws") if each.words[-1] == OVERRIDES)
    file = words[words.index("--template-file") + 1]
    declared = load_template(file.removeprefix("infra/cloudformation/").removesuffix(".yaml"))
    assert {each.name for each in PARAMETERS} == declared["Parameters"].keys()


def test_the_quotas_are_those_that_are_asked_for() -> None:
    text = (ROOT / GUIDE).read_text(encoding="utf-8")
    for name, row in (("g4dn.xlarge", "G "), ("p4d.24xlarge", "P "), ("m6i.xlarge", "Standard ")):
        codes = [quota_of_name(name, spot=spot) for spot in (False, True)]
        (line,) = [each for each in text.splitlines() if each.startswith(f"| {row}")]
        assert re.findall(r"`(L-\w+)`", line) == [each.code for each in codes if each]
    (asked,) = re.findall(r"--quota-code (\S+) --desired-value (\d+)", SCRIPT)
    assert asked == (quota_of_name("g4dn.2xlarge", spot=False).code, "32")  # type: ignore[union-attr]


def test_clusters_need_as_many_vcpus_as_the_guide_says(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    needed: dict[tuple[str, str], int] = {}
    for profile in ("g4dn", "cpu"):
        for fleet in load_cluster(ROOT / f"conf/clusters/{profile}.yaml").fleets.values():
            kind = "G" if fleet.types[0].startswith("g") else "Standard"
            cores = node_of(fleet.types[0], {}).cores * fleet.count
            needed[profile, kind] = needed.get((profile, kind), 0) + cores
    text = re.sub(r"\s+", " ", (ROOT / GUIDE).read_text(encoding="utf-8"))
    g4dn, cpu = needed["g4dn", "G"], needed["cpu", "Standard"]
    told = f"needs {g4dn} of G and {needed['g4dn', 'Standard']} of Standard"
    assert f"`conf/clusters/g4dn.yaml` {told}, `conf/clusters/cpu.yaml` {cpu} of Standard" in text


def test_every_symptom_has_a_cause_and_a_remedy() -> None:
    (table,) = re.findall(
        r"\| Symptom \| Cause \| Remedy \|\n(.*?)\n\n", (ROOT / GUIDE).read_text("utf-8"), re.DOTALL
    )
    rows = table.splitlines()[1:]
    assert len(rows) > 25
    for row in rows:
        cells = re.split(r"(?<!\\)\|", row.strip("|"))
        assert [bool(cell.strip()) for cell in cells] == [True] * 3, row

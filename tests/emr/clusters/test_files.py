from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.emr.clusters.files import load_cluster
from pipeline.errors import ConfigError
from tests.emr.clusters.samples import PROFILES, ROOT, VARIABLES


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)


def _written(directory: Path, text: str) -> Path:
    path = directory / "cluster.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_there_is_a_profile_for_each_way_to_train() -> None:
    names = {path.stem for path in PROFILES}
    assert names == {"g4dn", "g5", "p4d", "bagging-spot", "cpu"}


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
@pytest.mark.usefixtures("variables")
def test_every_profile_is_valid_and_takes_what_is_the_users_from_variables(path: Path) -> None:
    cluster = load_cluster(path)
    assert cluster.name == path.stem
    assert cluster.subnets == [VARIABLES["EMR_ENSEMBLES_SUBNET"]]
    assert cluster.security_configuration is None
    # A profile knows no prices, but which ones are asked for.
    asked = {line.strip(" #:") for line in path.read_text().partition("prices:")[2].splitlines()}
    assert asked - {""} == {name for fleet in cluster.fleets.values() for name in fleet.types}


@pytest.mark.usefixtures("variables")
def test_only_the_profile_for_bagging_uses_spot_and_the_others_take_every_trainer() -> None:
    for path in PROFILES:
        cluster = load_cluster(path)
        spot = any(fleet.market == "spot" for fleet in cluster.fleets.values())
        assert spot is (path.stem == "bagging-spot")
        assert cluster.trainers == (["bag"] if spot else ["bag", "boost", "deep"])


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
def test_a_profile_names_every_variable_that_is_not_set(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigError) as refused:
        load_cluster(path)
    assert len(refused.value.problems) == len(VARIABLES)
    for name, said in zip(VARIABLES, refused.value.problems, strict=True):
        assert f"the environment variable {name} is not set" in said


@pytest.mark.usefixtures("variables")
def test_overrides_reach_keys_whose_names_have_dots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMR_ENSEMBLES_SECURITY_CONFIGURATION", "encrypted")
    changed = ["core.count=3", "prices.g5.2xlarge=1.5", "cpu_types={}"]
    cluster = load_cluster(ROOT / "conf" / "clusters" / "g5.yaml", changed)
    assert (cluster.core.count, cluster.prices) == (3, {"g5.2xlarge": 1.5})
    assert cluster.security_configuration == "encrypted"


def test_all_that_is_wrong_with_keys_and_values_is_told_at_once(tmp_path: Path) -> None:
    path = _written(
        tmp_path,
        """\
name: two words
release: emr-6.15.0
trainer: [bag]
trainers: [bags]
subnets: [vpc-1]
roles: {service: role}
primary: {types: []}
core: {types: [g5.xlarge], count: 0, markets: spot}
limits: {idle_minutes: 0}
prices: {g5.xlarge: -1}
""",
    )
    with pytest.raises(ConfigError) as refused:
        load_cluster(path)
    assert [said.removeprefix(f"{path}:") for said in refused.value.problems] == [
        "1: name: use up to 100 letters, digits, _, . and -, a letter or digit first "
        "(got 'two words')",
        "2: release: emr-6.15.0 has no Python 3.11, which the jobs need: use emr-7.1.0 or later, "
        "best emr-7.14.0 (got 'emr-6.15.0')",
        "3: trainer: unknown key; did you mean trainers?",
        "4: trainers[0]: expected bag, boost or deep (got 'bags'); did you mean bag?",
        "5: subnets[0]: expected the id of a subnet, subnet-… (got 'vpc-1')",
        "6: roles.instances: missing, and it has no default",
        "7: primary.types: name 1 to 30 instance types (got [])",
        "8: core.markets: unknown key; did you mean market?",
        "8: core.count: must be at least 1 (got 0)",
        "9: limits.idle_minutes: must be at least 1 (got 0)",
        "10: prices.g5.xlarge: must be greater than 0 (got -1)",
    ]


def test_all_that_does_not_go_together_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    path = _written(
        tmp_path,
        """\
name: wrong
release: emr-7.14.0
colour: red
subnets: [subnet-1]
roles: {service: service, instances: instances}
primary:
  types: [m6g.xlarge]
  count: 3
core:
  types: [p5.48xlarge, g5.xlarg]
  market: spot
task:
  types: [g5.xlarge, g5.xlarge]
  market: spot
prices:
  g6.xlarge: 1
root_volume_gb: 20
""",
    )
    with pytest.raises(ConfigError) as refused:
        load_cluster(path)
    found = [said.removeprefix(f"{path}:").split(": ")[:2] for said in refused.value.problems]
    assert found == [
        ["3", "colour"],
        ["7", "primary.types[0]"],
        ["8", "primary.count"],
        ["10", "core.types[0]"],
        ["10", "core.types[1]"],
        ["11", "core.market"],
        ["13", "task.types[1]"],
        ["14", "task.market"],
        ["16", "prices.g6.xlarge"],
        ["17", "root_volume_gb"],
    ]

from __future__ import annotations

import re

import pytest

from pipeline.emr.instances.catalogue import find_type, instance_types
from pipeline.emr.instances.release import TARGET, Release
from pipeline.emr.instances.verdict import TRAINERS, State, summary, verdict, verdicts

OFFERED_TO_ALL = {"p4d", "g4dn", "g5", "g6", "gr6", "g6e"}
WITHOUT_DEEP = {"p5", "g7"}


def test_the_families_that_are_offered_and_to_which_trainers() -> None:
    found: dict[str, set[str]] = {}
    for instance in instance_types().values():
        offered = {each.trainer for each in verdicts(instance, TARGET) if each.offered}
        found.setdefault(instance.family, set()).update(offered)
    assert {family for family, offered in found.items() if offered == set(TRAINERS)} == (
        OFFERED_TO_ALL
    )
    assert {family for family, offered in found.items() if offered == {"bag", "boost"}} == (
        WITHOUT_DEEP
    )
    assert all(
        not offered
        for family, offered in found.items()
        if family not in OFFERED_TO_ALL | WITHOUT_DEEP
    )


@pytest.mark.parametrize(
    ("name", "state", "reason"),
    [
        ("p2.xlarge", State.RETIRED, "EC2 has retired p2 (NVIDIA K80): use g4dn"),
        ("g3.8xlarge", State.RETIRED, "EC2 has retired g3 (NVIDIA M60): use g4dn or g6"),
        ("g3s.xlarge", State.RETIRED, "EC2 has retired g3s (NVIDIA M60): use g4dn"),
        ("p3.2xlarge", State.RETIRED, "EC2 has retired p3 (NVIDIA V100): use g5 or p4d"),
        ("g5g.xlarge", State.ARM, "processor is ARM (arm64): EMR does not list g5g"),
        ("g6f.large", State.FRACTIONAL, "only a part of an NVIDIA L4"),
        ("gr6f.4xlarge", State.FRACTIONAL, "EMR does not list gr6f"),
        ("p5.4xlarge", State.NOT_IN_EMR, "EMR does not list p5.4xlarge"),
        ("p4de.24xlarge", State.NOT_IN_EMR, "EMR does not list p4de.24xlarge"),
        ("g4dn.metal", State.NOT_IN_EMR, "EMR does not list g4dn.metal"),
        ("p3dn.24xlarge", State.NOT_IN_EMR, "EMR does not list p3dn.24xlarge"),
    ],
)
def test_what_no_trainer_can_use_is_refused_to_all_with_its_reason(
    name: str, state: State, reason: str
) -> None:
    for found in verdicts(find_type(name), TARGET):
        assert found.state is state
        assert reason in found.reason


@pytest.mark.parametrize("name", ["p5.48xlarge", "g7.2xlarge"])
def test_deep_is_refused_where_mxnet_has_no_code_and_the_others_are_named(name: str) -> None:
    found = verdict(find_type(name), "deep", TARGET)
    assert found.state is State.NO_CODE
    assert "MXNet 1.9.1 has no code for its GPU" in found.reason
    assert "no PTX; bagging and boosting can run there" in found.reason


def test_bagging_is_told_that_its_networks_cannot_use_such_a_gpu() -> None:
    assert "bagged networks excepted" in verdict(find_type("p5.48xlarge"), "bag", TARGET).reason
    assert "bagged networks" not in verdict(find_type("p5.48xlarge"), "boost", TARGET).reason
    assert "bagged networks" not in verdict(find_type("g5.xlarge"), "bag", TARGET).reason


def test_blackwell_is_offered_with_a_word_on_its_driver() -> None:
    assert "EMR documents 12.5" in verdict(find_type("g7.2xlarge"), "boost", TARGET).reason
    assert "EMR documents" not in verdict(find_type("p5.48xlarge"), "boost", TARGET).reason


@pytest.mark.parametrize(
    ("name", "first"), [("g6.xlarge", 2), ("gr6.4xlarge", 2), ("g6e.xlarge", 5), ("g7.2xlarge", 12)]
)
def test_a_type_is_refused_under_releases_before_its_first(name: str, first: int) -> None:
    instance = find_type(name)
    before = verdict(instance, "boost", Release(7, first - 1, 0))
    assert before.state is State.RELEASE
    assert f"since emr-7.{first}.0, not under emr-7.{first - 1}.0" in before.reason
    assert verdict(instance, "boost", Release(7, first, 0)).offered


def test_a_release_that_the_jobs_cannot_run_on_is_refused_on_any_type() -> None:
    found = verdict(find_type("g4dn.xlarge"), "boost", Release(7, 0, 0))
    assert found.state is State.RELEASE
    assert "no Python 3.11" in found.reason


def test_a_reason_is_one_line_and_no_second_sentence() -> None:
    for instance in instance_types().values():
        for found in verdicts(instance, TARGET):
            assert "\n" not in found.reason
            assert not re.search(r"\. [A-Z]|\.$", found.reason), found.reason


@pytest.mark.parametrize(
    ("name", "said"),
    [("g5.xlarge", "offered"), ("g7.2xlarge", "only bag, boost"), ("p3.2xlarge", "retired")],
)
def test_the_verdicts_in_a_word(name: str, said: str) -> None:
    assert summary(verdicts(find_type(name), TARGET)) == said

from __future__ import annotations

import pytest

from pipeline.emr.environment.node import Machine, Node, parsed, require_fit, this_machine
from pipeline.errors import UserError

MACHINE = Machine("Linux x86_64", (3, 11), (2, 34))


def test_amazon_linux_builds_for_its_own_kind() -> None:
    require_fit(Node(), MACHINE)


def test_an_older_glibc_builds_for_a_newer_one() -> None:
    require_fit(Node(), Machine("Linux x86_64", (3, 11), (2, 17)))


def test_a_newer_glibc_is_refused_and_told_the_three_ways_out() -> None:
    with pytest.raises(UserError) as caught:
        require_fit(Node(), Machine("Linux x86_64", (3, 11), (2, 36)))
    said = str(caught.value)
    assert "glibc 2.34 is older than this machine's 2.36" in said
    for way in ("Amazon Linux 2023", "docker", "--node-glibc"):
        assert way in said


def test_minor_versions_are_compared_as_numbers() -> None:
    require_fit(Node(glibc=(2, 34)), Machine("Linux x86_64", (3, 11), (2, 5)))


def test_nodes_that_are_newer_are_believed() -> None:
    require_fit(Node(glibc=(2, 36)), Machine("Linux x86_64", (3, 11), (2, 36)))


@pytest.mark.parametrize(
    ("python", "relation"), [((3, 9), "is older than"), ((3, 12), "is newer than")]
)
def test_another_python_is_refused(python: tuple[int, int], relation: str) -> None:
    with pytest.raises(UserError, match=f"{relation} this machine's 3.11.*--node-python"):
        require_fit(Node(python=python), MACHINE)


@pytest.mark.parametrize(
    "machine",
    [
        Machine("Darwin arm64", (3, 11), None),
        Machine("Linux aarch64", (3, 11), (2, 34)),
        Machine("Linux x86_64", (3, 11), None),
    ],
    ids=["macos", "arm", "musl"],
)
def test_a_machine_of_another_kind_is_told_of_docker(machine: Machine) -> None:
    with pytest.raises(UserError, match=r"does not run there; install docker"):
        require_fit(Node(), machine)


def test_a_relative_interpreter_is_refused() -> None:
    with pytest.raises(UserError, match=r"--node-python python3\.11: expected an absolute path"):
        require_fit(Node("python3.11"), MACHINE)


def test_this_machine_tells_its_own_python() -> None:
    assert this_machine().python == (3, 11)


def test_versions_are_read_up_to_their_minor_number() -> None:
    assert parsed("2.34") == (2, 34)
    assert parsed("3.11.7") == (3, 11)


@pytest.mark.parametrize("text", ["", "2", "two.34", "2.34x"])
def test_no_version_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a version"):
        parsed(text)

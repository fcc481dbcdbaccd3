from __future__ import annotations

import pytest

from pipeline.emr.executors import Node, lay_out
from pipeline.emr.instances.catalogue import find_type, instance_types
from pipeline.emr.instances.yarn import memory_by_rule, yarn_room
from pipeline.errors import UserError


def test_the_rule_gives_what_emrs_guide_lists_for_every_type_that_it_lists() -> None:
    listed = [each for each in instance_types().values() if each.yarn_memory_mb is not None]
    assert len(listed) == 44
    for each in listed:
        assert each.emr_memory_gib is not None
        assert memory_by_rule(each.emr_memory_gib) == each.yarn_memory_mb, each.name


@pytest.mark.parametrize(
    ("name", "memory_mb", "vcores", "gpus"),
    [
        ("g4dn.xlarge", 12_288, 4, 1),
        ("g5.xlarge", 11_712, 4, 1),
        ("g6.12xlarge", 177_152, 48, 4),
        ("p4d.24xlarge", 1_116_160, 96, 8),
    ],
)
def test_what_yarn_gives_away_on_a_node(name: str, memory_mb: int, vcores: int, gpus: int) -> None:
    room = yarn_room(find_type(name))
    assert (room.memory_mb, room.vcores, room.gpus) == (memory_mb, vcores, gpus)
    assert room.published
    assert "EMR's guide" in room.basis


def test_what_emrs_guide_does_not_list_comes_from_the_rule_and_says_so() -> None:
    room = yarn_room(find_type("g7.2xlarge"))
    assert room.memory_mb == 23_040
    assert not room.published
    assert "EMR's rule" in room.basis


def test_nothing_is_made_up_for_a_type_that_emr_does_not_list() -> None:
    with pytest.raises(UserError, match=r"p5\.4xlarge: EMR does not list it"):
        yarn_room(find_type("p5.4xlarge"))


def test_an_application_can_be_laid_out_on_every_type_that_emr_lists() -> None:
    for each in instance_types().values():
        if each.emr_release is None or each.vcpus <= each.gpus:
            continue
        room = yarn_room(each)
        layout = lay_out([Node(room.memory_mb, room.vcores, room.gpus)] * 2)
        assert layout.executors == 2 * each.gpus, each.name

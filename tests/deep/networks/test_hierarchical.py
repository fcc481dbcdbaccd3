"""Hierarchical networks: what each part sees, and what training part by part gives."""

from __future__ import annotations

from typing import Any

import mxnet as mx
import numpy as np
import pytest

from pipeline.deep.building import build, stages_of
from pipeline.deep.inputs import InputLayout
from pipeline.errors import UserError
from tests.deep.recipes import recipe

LAYOUT = InputLayout(numeric=(0, 2, 3), categorical=(1, 4), sizes=(3, 5))
STANDARD = (np.zeros(3, np.float32), np.ones(3, np.float32))


def _net(layout: InputLayout = LAYOUT, **params: Any) -> Any:
    given = {"network": "hierarchical", "hidden": [6], "dropout": 0.0, **params}
    return build(recipe(**given), layout, STANDARD, 2, mx.cpu())


def _rows() -> tuple[np.ndarray, np.ndarray]:
    return np.array([[0.5, -1.0, 2.0]]), np.array([[1.0, 4.0]])


def test_each_part_sees_its_own_columns_and_the_rest_is_a_part_too() -> None:
    net = _net(groups=[[2, 4], [1]])
    assert len(net.parts) == 3
    numbers, codes = _rows()

    def units(place: int, numbers: np.ndarray, codes: np.ndarray) -> np.ndarray:
        part = net.parts[place]
        given = part.given((mx.nd.array(numbers), mx.nd.array(codes)))
        return np.asarray(part(*given).asnumpy())

    net.hybridize(False)
    for place, (own_numbers, own_codes) in enumerate([([1], [1]), ([], [0]), ([0, 2], [])]):
        before = units(place, numbers, codes)
        for at in range(3):
            other = numbers.copy()
            other[0, at] += 1
            assert np.allclose(units(place, other, codes), before) == (at not in own_numbers)
        for at in range(2):
            other = codes.copy()
            other[0, at] = 0
            assert np.allclose(units(place, numbers, other), before) == (at not in own_codes)


def test_segments_cut_the_numbers_in_their_order() -> None:
    net = _net(InputLayout((0, 1, 2), (), ()), segments=3)
    net.hybridize(False)
    row = mx.nd.array([[1.0, 2.0, 3.0]])
    found = [part.table(mx.nd.take(row, part.numbers.data(), axis=1)) for part in net.parts]
    assert [each.asnumpy()[0, 0] for each in found] == [1, 2, 3]
    with pytest.raises(UserError, match="segments: 3 numbers cannot be cut into 4"):
        _net(InputLayout((0, 1, 2), (), ()), segments=4)


def test_a_stage_is_a_part_with_an_output_of_its_own() -> None:
    net = _net(groups=[[0], [2, 3]])
    numbers, codes = _rows()
    given = mx.nd.array(numbers), mx.nd.array(codes)
    net(*given)
    *parts, whole = stages_of(net, mx.cpu())
    assert whole.block is net
    stages = [part.block for part in parts]
    assert len(stages) == 3
    mine = set(net.collect_params())
    for stage, part in zip(stages, net.parts, strict=True):
        assert stage(*given).shape == (1, 2)
        own = set(stage.collect_params())
        assert set(part.collect_params()) <= own
        assert {name.rpartition("_")[2] for name in own - mine} == {"weight", "bias"}


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({}, "network hierarchical needs groups or segments: set one of them"),
        ({"groups": [["a"]], "segments": 2}, "needs groups or segments: set one of them"),
        ({"groups": ["a", "b"]}, "groups must be a list of lists of columns, none of them twice"),
        ({"groups": [["a"], ["b", "a"]]}, "groups must be a list of lists of columns, none of"),
    ],
)
def test_what_is_no_hierarchy_is_refused(params: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        recipe(network="hierarchical", **params)

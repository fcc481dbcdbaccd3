"""What rows of each class weigh."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from pipeline.data.encoding import FeatureSchema, LabelSchema
from pipeline.errors import UserError
from pipeline.estimators.class_weights import is_class_weight, to_class_weight, weights_of
from pipeline.estimators.profile import Described


def _described(*classes: Any) -> Described:
    return Described(FeatureSchema(), LabelSchema("y", classes), 100, (60, 30, 10)[: len(classes)])


def test_balanced_classes_weigh_the_same_in_all() -> None:
    weights = weights_of("balanced", _described("a", "b", "c"))
    assert [weight * rows for weight, rows in zip(weights, (60, 30, 10), strict=True)] == (
        pytest.approx([100 / 3] * 3)
    )
    assert weights_of("none", _described("a", "b")) == ()


@pytest.mark.parametrize(
    ("classes", "wanted"),
    [
        (("a", "b"), {"b": 3}),
        ((0.0, 1.0), {1: 3}),
        ((0.0, 1.0), {"1": 3}),
        ((0.0, 1.0), {True: 3}),
        ((0.0, 1.0), {"true": 3}),
        (("1", "2"), {2: 3}),
    ],
)
def test_a_map_names_classes_as_yaml_or_json_write_them(
    classes: tuple[Any, ...], wanted: dict[Any, float]
) -> None:
    assert weights_of(wanted, _described(*classes)) == (1.0, 3.0)


def test_what_is_no_class_is_refused() -> None:
    with pytest.raises(UserError, match=r"class_weight names maybe: no class of y, which has 0, 1"):
        weights_of({"maybe": 2}, _described(0.0, 1.0))


def test_a_map_of_numpys_numbers_can_be_saved() -> None:
    found = to_class_weight({np.int64(0): np.float64(1.5), np.int64(1): 2})
    assert json.dumps(found) == '{"0": 1.5, "1": 2}'
    assert is_class_weight(found)
    assert not is_class_weight({0: float("inf")})

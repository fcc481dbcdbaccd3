"""Names of columns that XGBoost accepts."""

from __future__ import annotations

import numpy as np
import pytest
import xgboost as xgb

from pipeline.boosting.matrix_names import accepted_names


def test_names_stay_as_they_are_where_xgboost_takes_them() -> None:
    assert accepted_names(["a", "b c", "d.e", "ä"]) == ["a", "b c", "d.e", "ä"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["v[0]", "v[1]", "x<5"], ["v_0", "v_1", "x_5"]),
        (["v[0]", "v_0", "v<0"], ["v_0_0", "v_0_1", "v_0_2"]),
    ],
)
def test_names_that_xgboost_refuses_are_replaced_and_none_become_one(
    given: list[str], expected: list[str]
) -> None:
    assert accepted_names(given) == expected
    with pytest.raises(ValueError, match="may not contain"):
        xgb.DMatrix(np.ones((1, len(given))), feature_names=given)
    xgb.DMatrix(np.ones((1, len(given))), feature_names=expected)

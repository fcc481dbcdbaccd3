"""A rank's rows as XGBoost's matrices: labels, weights, margins, bounds, queries."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost as xgb

from pipeline.boosting import ordering
from pipeline.boosting.memory import Memory
from pipeline.boosting.parts import open_parts
from pipeline.boosting.task import RowRoles
from pipeline.errors import DataError
from pipeline.spark.shard_file import ShardRows
from tests.boosting.small_tasks import WIDTH, lonely_worker, run, sample, shards, task

NUMERIC = ("q",) * WIDTH
ROWS = 90
CLASSES = (np.arange(ROWS) % 3).astype(np.float32)
WEIGHTS = np.linspace(1, 2, ROWS).astype(np.float32)


@pytest.fixture
def matrix(tmp_path: Path) -> Callable[..., xgb.DMatrix]:
    def make(rows: ShardRows, roles: RowRoles) -> xgb.DMatrix:
        found = task(tmp_path / "fit", shards(tmp_path / "rows", rows), roles=roles)
        with open_parts(found, lonely_worker()) as parts:
            assert parts.validation is None
            assert [name for _, name in parts.watched] == ["train"]
            return parts.train

    return make


def test_rows_have_their_labels_and_weights(matrix: Callable[..., xgb.DMatrix]) -> None:
    rows = sample(ROWS, weights=WEIGHTS)
    found = matrix(rows, RowRoles(NUMERIC))
    assert (found.num_row(), found.num_col()) == (ROWS, WIDTH)
    assert (found.get_label() == rows.labels).all()
    assert (found.get_weight() == WEIGHTS).all()
    assert found.num_nonmissing() == int((~np.isnan(rows.features)).sum())


def test_weights_of_classes_multiply_those_of_rows(matrix: Callable[..., xgb.DMatrix]) -> None:
    by_class = np.array([2.0, 0.5, 1.0], dtype=np.float32)
    roles = RowRoles(NUMERIC, class_weights=tuple(by_class.tolist()))
    found = matrix(sample(ROWS, labels=CLASSES, weights=WEIGHTS), roles)
    assert np.allclose(found.get_weight(), by_class[CLASSES.astype(int)] * WEIGHTS)


def test_classes_alone_make_weights(matrix: Callable[..., xgb.DMatrix]) -> None:
    found = matrix(sample(ROWS, labels=CLASSES), RowRoles(NUMERIC, class_weights=(2.0, 0.5, 1.0)))
    assert (found.get_weight() == np.tile([2.0, 0.5, 1.0], ROWS // 3)).all()


def test_extras_are_margins_and_the_upper_bound(matrix: Callable[..., xgb.DMatrix]) -> None:
    rows = sample(ROWS, labels=WEIGHTS, extras=np.column_stack([-WEIGHTS, 2 * WEIGHTS]))
    found = matrix(rows, RowRoles(NUMERIC, margins=1, is_survival=True))
    assert (found.get_base_margin() == -WEIGHTS).all()
    assert (found.get_float_info("label_lower_bound") == WEIGHTS).all()
    assert (found.get_float_info("label_upper_bound") == 2 * WEIGHTS).all()


def test_a_row_has_a_margin_for_each_class(matrix: Callable[..., xgb.DMatrix]) -> None:
    margins = np.arange(ROWS * 3, dtype=np.float32).reshape(ROWS, 3)
    found = matrix(sample(ROWS, labels=CLASSES, extras=margins), RowRoles(NUMERIC, margins=3))
    assert (found.get_base_margin().reshape(ROWS, 3) == margins).all()


@pytest.mark.parametrize("mode", ["never", "always"])
def test_a_number_may_mean_missing(mode: Any, tmp_path: Path) -> None:
    rows, marked = sample(ROWS), sample(ROWS)
    rows.features[::2, 1] = np.nan
    marked.features[::2, 1] = -1.0
    memory = Memory(mode)
    expected = run(task(tmp_path / "a", shards(tmp_path / "1", rows), memory=memory))
    roles = RowRoles(NUMERIC, missing=-1.0)
    found = run(task(tmp_path / "b", shards(tmp_path / "2", marked), memory=memory, roles=roles))
    assert found.booster == expected.booster
    unmarked = run(task(tmp_path / "c", shards(tmp_path / "3", marked), memory=memory))
    assert unmarked.booster != expected.booster


GROUPS = np.repeat([5, -7, 9], [40, 20, 30])


def test_queries_have_sizes_and_one_weight_each(matrix: Callable[..., xgb.DMatrix]) -> None:
    weights = np.repeat([1.0, 3.0, 0.5], [40, 20, 30]).astype(np.float32)
    rows = sample(ROWS, groups=GROUPS, weights=weights)
    found = matrix(rows, RowRoles(NUMERIC, is_ranking=True))
    assert found.get_uint_info("group_ptr").tolist() == [0, 40, 60, 90]
    assert found.get_weight().tolist() == [1.0, 3.0, 0.5]


def test_rows_of_a_query_must_agree_on_its_weight(matrix: Callable[..., xgb.DMatrix]) -> None:
    rows = sample(ROWS, groups=GROUPS, weights=WEIGHTS)
    with pytest.raises(DataError, match="rows of one query have different weights"):
        matrix(rows, RowRoles(NUMERIC, is_ranking=True))


def test_a_rank_without_queries_is_a_matrix_too(matrix: Callable[..., xgb.DMatrix]) -> None:
    none = sample(ROWS, groups=GROUPS).where(np.zeros(ROWS, dtype=np.bool_))
    found = matrix(none, RowRoles(NUMERIC, is_ranking=True))
    assert (found.num_row(), found.num_col()) == (0, WIDTH)


def test_labels_and_weights_follow_the_rows_into_another_order(
    matrix: Callable[..., xgb.DMatrix], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ordering, "ROWS_WORTH_ORDERING", ROWS)
    rows = sample(ROWS, labels=WEIGHTS, weights=WEIGHTS, extras=WEIGHTS[:, None])
    found = matrix(rows, RowRoles(NUMERIC, margins=1))
    labels = found.get_label()
    assert (labels != WEIGHTS).any()
    assert sorted(labels) == sorted(WEIGHTS)
    assert (found.get_weight() == labels).all()
    assert (found.get_base_margin() == labels).all()


def test_validation_rows_lie_in_the_bins_of_training_rows(tmp_path: Path) -> None:
    found = shards(tmp_path / "rows", sample(ROWS), sample(40, 9))
    with open_parts(task(tmp_path / "fit", found), lonely_worker()) as parts:
        assert [name for _, name in parts.watched] == ["train", "validation"]
        assert parts.validation is not None
        assert parts.validation.num_row() == 40
        cuts = [each.get_quantile_cut() for each in (parts.train, parts.validation)]
        assert all((a == b).all() for a, b in zip(*cuts, strict=True))

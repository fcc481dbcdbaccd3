"""Windows: every token is in one, unless it is counted as cut."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.transfer.windows import Flat, Shape, Template, arrange
from tests.transfer.packed import unpack

PAIR = Template(before=(2,), between=(4,), after=(5,), types=(0, 1))
counts = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=6)


def _flat(sizes: list[int], base: int) -> Flat:
    """Texts whose tokens are all different."""
    return Flat(base + np.arange(sum(sizes)), np.array(sizes, dtype=np.int64))


@given(sizes=counts, length=st.integers(8, 20), windows=st.integers(1, 4), data=st.data())
def test_tokens_are_in_a_window_or_counted(
    sizes: list[tuple[int, int]], length: int, windows: int, data: st.DataObject
) -> None:
    stride = data.draw(st.integers(0, (length - 2) // 2 - 1))
    first, second = (_flat([each[i] for each in sizes], 1_000 * (i + 1)) for i in (0, 1))
    arranged = arrange(PAIR, first, second, Shape(length, windows, stride))
    for at, (n, m) in enumerate(sizes):
        tokens = unpack(arranged.rows[at].reshape(1, windows, length))
        ids = tokens.ids[tokens.mask > 0]
        held = set(ids[ids >= 1_000].tolist())
        assert len(held) + arranged.cut[at] == n + m
        assert arranged.lengths[at] == n + m + PAIR.size
        used = tokens.mask.any(axis=1)
        assert tokens.ids[used, 0].tolist() == [1] * used.sum()
        assert not used[used.sum() :].any()
        if n + m + PAIR.size <= length:
            assert used.sum() == 1
            assert arranged.cut[at] == 0


def test_neighbouring_windows_share_the_stride() -> None:
    single = Template((2,), (), (4,), (0, 0))
    nothing = Flat(np.zeros(0, dtype=np.int64), np.zeros(1, dtype=np.int64))
    arranged = arrange(single, _flat([12], 100), nothing, Shape(8, 3, 2))
    ids = unpack(arranged.rows.reshape(1, 3, 8)).ids
    assert ids[0].tolist() == [1, 100, 101, 102, 103, 104, 105, 2]
    assert ids[1].tolist() == [1, 104, 105, 106, 107, 108, 109, 2]
    assert ids[2].tolist() == [1, 108, 109, 110, 111, 2, 0, 0]

"""Names and types of columns as XGBoost accepts them."""

from __future__ import annotations

from collections.abc import Sequence

_REFUSED = str.maketrans({"[": "_", "]": None, "<": "_"})


def accepted_names(names: list[str]) -> list[str]:
    """Names without brackets and `<`: `v[0]` becomes `v_0`; no two become one."""
    plain = [name.translate(_REFUSED) for name in names]
    if len(set(plain)) == len(plain):
        return plain
    return [f"{name}_{place}" for place, name in enumerate(plain)]


def feature_types(width: int, categorical: Sequence[int]) -> list[str]:
    """XGBoost's types of the columns: `c` for categories, `q` for numbers."""
    places = set(categorical)
    return ["c" if place in places else "q" for place in range(width)]

"""Names of columns as XGBoost accepts them."""

from __future__ import annotations

_REFUSED = str.maketrans({"[": "_", "]": None, "<": "_"})


def accepted_names(names: list[str]) -> list[str]:
    """Names without brackets and `<`: `v[0]` becomes `v_0`; no two become one."""
    plain = [name.translate(_REFUSED) for name in names]
    if len(set(plain)) == len(plain):
        return plain
    return [f"{name}_{place}" for place, name in enumerate(plain)]

"""Any small table ends in predictions, or in one of our own errors; and nothing is left behind."""

from __future__ import annotations

import datetime
import math
import shutil
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, event, given, note, settings
from hypothesis import strategies as st

from tests.small_tables import made, parquet

# Few values, so that classes and categories have rows; and the ends of what there is.
_FLOATS = st.sampled_from([0.0, -0.0, 1.5, -2.25, 1e-300, 3e38, math.nan, None, 7.0])
_RARE = st.sampled_from([*[1.0] * 30, math.inf, -math.inf, 1e300])
_WHOLE = st.sampled_from([0, 1, -1, 2**31, 2**60, -(2**63), None])
_TEXT = st.one_of(
    st.sampled_from(["", " ", "a", "01", "1", "NaN", "null", "ß", "x" * 300, "a,b\n", None]),
    st.text(max_size=3).filter(lambda text: _encodes(text)),
)
_DAYS = st.just(datetime.date(2024, 2, 29))
_TYPES = {
    "double": (pa.float64(), _FLOATS),
    "often infinite": (pa.float64(), _RARE),
    "float": (pa.float32(), st.sampled_from([0.5, 1.0, None])),
    "long": (pa.int64(), _WHOLE),
    "tiny": (pa.int8(), st.sampled_from([-128, 0, 127])),
    "text": (pa.string(), _TEXT),
    "boolean": (pa.bool_(), st.sampled_from([True, False, None])),
    "decimal": (pa.decimal128(20, 2), st.sampled_from([Decimal("1.25"), Decimal(10) ** 17, None])),
    "nothing": (pa.float64(), st.none()),
    "date": (pa.date32(), _DAYS),
    "struct": (pa.struct({"a": pa.int64()}), st.just({"a": 1})),
    "list": (pa.list_(pa.float32()), st.just([1.0, 2.0])),
    "binary": (pa.binary(), st.just(b"\x00")),
}
_USUAL = ["double", "long", "text", "boolean", "decimal", "tiny", "float", "nothing"]
_ANY_NAME = st.text(min_size=1, max_size=6).filter(lambda text: _encodes(text))
_GOOD_NAME = st.one_of(st.sampled_from(["x", "a.b", "a", "`", "two words", "1", "ß"]), _ANY_NAME)
_NAME = st.one_of(st.sampled_from(["x", "X", "split", "prediction", "is_validation"]), _ANY_NAME)
_LABELS = {
    "bits": (pa.int32(), [0, 1]),
    "texts": (pa.string(), ["", "no", "yes"]),
    "booleans": (pa.bool_(), [True, False]),
    "fractions": (pa.float64(), [0.5, -0.0, 1.25]),
    "one": (pa.int64(), [3]),
    "holes": (pa.float64(), [0.0, 1.0, None, math.nan]),
    "many": (pa.int64(), list(range(60))),
}


def _encodes(text: str) -> bool:
    """Whether Parquet can hold a text: no half of a surrogate pair, and no end of a C string."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


@st.composite
def _cases(draw: st.DrawFn) -> tuple[pa.Table, dict[str, Any]]:
    """A table, and a config for it."""
    is_good = draw(st.sampled_from([True, True, False]))
    rows = draw(st.sampled_from([40, 60] if is_good else [0, 1, 5, 30, 60]))
    kinds = st.sampled_from(_USUAL if is_good else [*_TYPES])
    name = _GOOD_NAME if is_good else _NAME
    names = draw(st.lists(name, min_size=2, max_size=5, unique_by=str.lower if is_good else str))
    arrays, columns = [], {"label": names[0]}
    label = draw(st.sampled_from(["bits", "texts", "booleans"] if is_good else [*_LABELS]))
    kind, values = _LABELS[label]
    arrays.append(pa.array([values[i % len(values)] for i in range(rows)], kind))
    for _ in names[1:]:
        kind, values = _TYPES[draw(kinds)]
        drawn = draw(st.lists(values, min_size=rows, max_size=rows))
        arrays.append(pa.array(drawn, kind))
    extra = draw(st.sampled_from(["", "", "weight", "key"] + ["bad weight"] * (not is_good)))
    if extra:
        name = f"the {extra}"
        names = [*names, name]
        weights = [1.0 if extra == "weight" else float(i % 3 - 1) for i in range(rows)]
        arrays.append(pa.array([*range(rows)] if extra == "key" else weights))
        columns["key" if extra == "key" else "weight"] = [name] if extra == "key" else name
    trainer = draw(st.sampled_from(["bag", "bag", "boost"]))
    return pa.Table.from_arrays(arrays, names=names), {"columns": columns, "trainer": trainer}


def _check(case: tuple[pa.Table, dict[str, Any]], place: Path) -> None:
    table, config = case
    note(f"{table.schema}\n{config}")
    parquet(table)(place)
    trainer = config["trainer"]
    workshop = made(
        place,
        {
            "columns": config["columns"],
            "bagging": {"replicas": 2, "max_depth": 2},
            "boosting": {"rounds": 2, "max_depth": 2},
        },
    )
    model = {"bag": "bagging", "boost": "boosting"}[trainer]
    output = ["--input", str(place / "table"), "--output", str(place / "scored")]
    for job, more in (("prepare", []), (trainer, []), ("score", [*output, "--model", model])):
        before = workshop.files()
        ended = workshop.run(job, *more)
        if ended.code:
            event(f"{job} refused it")
            note(ended.said)
            assert ended.code == 2, ended.said
            assert ended.error
            assert workshop.files() == before
            assert not (place / "scored").exists()
            return
    event(f"scored with {model}")
    scored = pq.read_table(place / "scored")
    values = set(table.column(0).to_pylist())
    known = values if isinstance(next(iter(values)), str) else {float(value) for value in values}
    assert len(scored) == len(table)
    assert set(scored.column("prediction").to_pylist()) <= known
    for probabilities in scored.column("probability").to_pylist():
        assert len(probabilities) == len(known)
        assert abs(sum(probabilities) - 1) < 1e-4


def _run(case: tuple[pa.Table, dict[str, Any]]) -> None:
    place = Path(tempfile.mkdtemp(prefix="any-table-"))
    try:
        _check(case, place)
    finally:
        shutil.rmtree(place)


_QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]


@pytest.mark.usefixtures("spark")
@settings(
    max_examples=5,
    derandomize=True,
    deadline=None,
    suppress_health_check=_QUIET,
    phases=[Phase.generate],
)
@given(_cases())
def test_any_table_ends_in_predictions_or_in_our_own_error(case: Any) -> None:
    _run(case)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.usefixtures("spark")
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=_QUIET,
    phases=[Phase.generate, Phase.shrink],
)
@given(_cases())
def test_many_tables_end_in_predictions_or_in_our_own_error(case: Any) -> None:
    _run(case)

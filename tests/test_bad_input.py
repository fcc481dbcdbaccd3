"""Bad tables: prepare has one clear error for each, exit code 2, and leaves nothing behind."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.small_tables import (
    DAY,
    INF,
    NAN,
    ROWS,
    Write,
    below_a_file,
    made,
    mostly,
    nothing,
    parquet,
    table,
    text,
)


@dataclass(frozen=True)
class Bad:
    """Input that prepare refuses.

    Parameters
    ----------
    write : callable
        Puts the table where the config's source is, the file `table`.
    says : tuple of str
        Parts of the message.
    config : dict
        Sections of the config that differ.
    """

    write: Write
    says: tuple[str, ...]
    config: dict[str, Any] = field(default_factory=dict)


def _two_files(place: Path) -> None:
    (place / "table").mkdir()
    pq.write_table(table(), place / "table" / "a.parquet")
    whole = (place / "table" / "a.parquet").read_bytes()
    (place / "table" / "b.parquet").write_bytes(whole[: len(whole) // 2])


def _truncated(place: Path) -> None:
    pq.write_table(table(), place / "table")
    whole = (place / "table").read_bytes()
    (place / "table").write_bytes(whole[: len(whole) // 2])


def _feature(values: Any, *says: str, **config: Any) -> Bad:
    return Bad(parquet(table(f=values)), ("columns.features: f ", *says), config)


def _label(values: Any, *says: str, rows: int = ROWS) -> Bad:
    return Bad(parquet(table(rows, y=values)), ("columns.label: y ", *says))


def _weight(values: Any, *says: str) -> Bad:
    config = {"columns": {"label": "y", "weight": "w"}}
    return Bad(parquet(table(w=values)), ("columns.weight: w ", *says), config)


def _columns(table: pa.Table, *says: str, **columns: Any) -> Bad:
    return Bad(parquet(table), says, {"columns": {"label": "y", **columns}})


def _source(write: Write, *says: str, **source: Any) -> Bad:
    return Bad(write, says, {"source": source})


_BY_TIME = {"split": {"by_time": "t"}, "columns": {"label": "y", "time": "t"}}
_NOON = datetime.datetime(2024, 2, 29, 12)

BAD = {
    "a missing file": Bad(nothing, ("/table: cannot be read", "nothing is there", "source.uri")),
    "a path below a file": _source(below_a_file, "nothing is there", uri="file/table"),
    "a directory without a table": Bad(
        lambda place: (place / "table").mkdir(), ("no file with a schema", "source.kind")
    ),
    "a text that is no Parquet": Bad(text("hello"), ("not a file of this format", "/table")),
    "a CSV given as Parquet": Bad(text("x,y\n1,0\n2,1\n"), ("not a file of this format",)),
    "a truncated Parquet file": Bad(_truncated, ("not a file of this format, or damaged",)),
    "one truncated file of two": Bad(
        _two_files, ("/table/b.parquet is no Parquet file, or was cut short",)
    ),
    "a JSON file with other lines": _source(
        text('{"x": 1, "y": 0}\nhello\n{"x": 2, "y": 1}\n'),
        *("1 of 3 records are no JSON", "DROPMALFORMED"),
        kind="json",
    ),
    "an unknown option": _source(
        nothing,
        *("seperator is no option of Spark's csv reader", "did you mean sep?"),
        kind="csv",
        options={"seperator": ";"},
    ),
    "an option's bad value": _source(
        text("x,y\n1,0\n"),
        "as csv: header flag can be true or false; check source.uri",
        kind="csv",
        options={"header": "perhaps"},
    ),
    "an unknown kind of URI": _source(
        nothing, "cannot read this kind of URI; use another", uri="weird://a/b"
    ),
    "a missing label column": _columns(table(), "no column yy", "did you mean y?", label="yy"),
    "a label with nulls": _label(mostly(1, None), "null or NaN in 3 of 60 rows", "remove"),
    "a label with NaN": _label(mostly(1.0, NAN), "null or NaN in 3 of 60 rows"),
    "a label of one class": _label([1] * ROWS, "is 1 in all 60 rows", "two classes"),
    "a label of fractions": _label(
        [i / 7 for i in range(ROWS)],
        "60 different values in 60 rows: a number to predict rather than a class",
        "the jobs do no regression yet",
    ),
    "a label of many whole numbers": _label(
        list(range(200)), "a number to predict rather than a class", rows=200
    ),
    "more classes than rows can bear": _label(
        [f"class {i // 2 if i % 2 else i}" for i in range(ROWS)],
        "classes in 60 rows; there must be at least two rows for each",
    ),
    "a class without training rows": Bad(
        parquet(table(y=[0, 1] * 29 + [7, 7], t=list(range(ROWS)))),
        (
            "columns.label: y: 7 (2 in test) has no row among the training rows",
            "split in another way",
        ),
        {"split": {"by_time": "t"}},
    ),
    "a label of dates": _label([DAY] * ROWS, "is of type date", "cast it"),
    "an infinite feature": _feature(
        mostly(1.0, -INF), "infinite", "in 3 of 60 rows", "put null or a finite number"
    ),
    "a number beyond float32": _feature(mostly(1.0, 1e39), "beyond the 3.4e38", "in 3 of 60"),
    "an empty table": Bad(
        parquet(table().slice(0, 0)), ("no rows", "check that it names the right one")
    ),
    "a header alone": _source(text("x,y\n"), "no rows", kind="csv"),
    "an empty file": _source(text(""), "no csv table in it", kind="csv"),
    "one row": _label([1], "is 1 in all 1 rows", rows=1),
    "three rows": _label([0, 1, 1], "2 classes in 3 rows", rows=3),
    "an empty split": Bad(
        parquet(table(t=[1] * ROWS)),
        ("no rows in validation, test (of 60 rows in all)",),
        _BY_TIME,
    ),
    "column names that differ by case": Bad(
        parquet(table(X=[1] * ROWS)), ("more than one column is named `x`", "rename")
    ),
    "a column without a name": Bad(
        parquet(table().rename_columns(["x", "", "zone", "y"])), ("column number 2", "no name")
    ),
    "a struct": _feature([{"a": 1}] * ROWS, "struct<a:bigint>", "columns of its parts"),
    "a map": Bad(
        parquet(table(f=pa.array([[("a", 1)]] * ROWS, pa.map_(pa.string(), pa.int64())))),
        ("map<string,bigint>", "columns.drop"),
    ),
    "an array of strings": _feature([["a"]] * ROWS, "array<string>", "columns.drop"),
    "an array of numbers among features": _feature([[1.0]] * ROWS, "columns.vector"),
    "binary": _feature([b"ab"] * ROWS, "binary", "make a number or a text of it"),
    "a date": _feature([DAY] * ROWS, "date", "make numbers of it"),
    "a timestamp": _feature([_NOON] * ROWS, "timestamp", "make numbers of it (month, hour)"),
    "a time of day": Bad(
        parquet(table(f=[datetime.time(12)] * ROWS)),
        ("/table: cannot be read", "no columns of type INT64 (TIME("),
    ),
    "negative weights": _weight(mostly(1.0, -1.0), "negative in 3 of 60 rows", "at least 0"),
    "weights of NaN": _weight(mostly(1.0, NAN), "null or NaN in 3 of 60 rows", "0 to leave"),
    "null weights": _weight(mostly(1, None), "null or NaN in 3 of 60 rows"),
    "infinite weights": _weight(mostly(1.0, INF), "infinite in 3 of 60 rows"),
    "weights of text": _weight(["1"] * ROWS, "is of type string", "must be a number"),
    "weights of zero": _weight([0] * ROWS, "is 0 in all 60 rows", "must weigh more"),
    "training weights of zero": Bad(
        parquet(table(t=list(range(ROWS)), w=[0] * 45 + [1] * 15)),
        ("columns.weight: w is 0 in all 42 rows of train",),
        {"columns": {"label": "y", "weight": "w"}, "split": {"by_time": "t"}},
    ),
    "validation weights of zero": Bad(
        parquet(table(t=list(range(ROWS)), w=[1] * 40 + [0] * 20)),
        ("columns.weight: w is 0 in all 9 rows of validation",),
        {"columns": {"label": "y", "weight": "w"}, "split": {"by_time": "t"}},
    ),
    "the label among the features": _columns(table(), "y has two roles", features=["x", "y"]),
    "a feature named twice": _columns(table(), "named more than once: x", features=["x", "x"]),
    "a key that is not unique": _columns(
        table(k=[i // 2 for i in range(ROWS)]),
        *("30 keys are on more than one row (60 rows in all)", "for example k=", "columns.key"),
        key=["k"],
    ),
    "a key with several nulls": _columns(
        table(k=[None, None, *range(2, ROWS)]),
        "1 key is on more than one row (2 rows in all), for example k=None",
        key=["k"],
    ),
    "a column row_id": _columns(table(row_id=[1] * ROWS), "column row_id", "columns.drop"),
    "a column Split": _columns(table(Split=["a"] * ROWS), "column Split", "rename"),
    "a column prediction": _columns(table(prediction=[1] * ROWS), "column prediction", "rename"),
    "a column is_validation": _columns(table(is_validation=[True] * ROWS), "is_validation"),
    "no column for features": _columns(table().select(["y"]), "no column is left for them"),
    "infinite vectors": _columns(
        table(v=mostly([1.0, 2.0], [INF, 2.0])), "v is infinite", "3 of 60 rows", vector="v"
    ),
    "null vectors": _columns(
        table(v=mostly([1.0, 2.0], None)), "v is null in 3 of 60 rows", vector="v"
    ),
    "an output below a file": Bad(
        below_a_file, ("output: ", "/file/out: cannot be written"), {"output": "file/out"}
    ),
    "an output that is read-only": Bad(
        nothing,
        ("output: ", "/proc/out: cannot be written", "choose another place"),
        {"output": "/proc/out"},
    ),
    "an output of an unknown kind": Bad(
        nothing, ("unknown scheme gopher", "s3"), {"output": "gopher://host/out"}
    ),
    "a scratch below a file": Bad(
        below_a_file, ("scratch: ", "cannot be written"), {"scratch": "file/scratch"}
    ),
}


@pytest.mark.usefixtures("spark")
@pytest.mark.parametrize("name", BAD)
def test_prepare_refuses_and_leaves_nothing(name: str, tmp_path: Path) -> None:
    case = BAD[name]
    case.write(tmp_path)
    workshop = made(tmp_path, case.config)
    before = workshop.files()
    ended = workshop.run("prepare")
    for part in case.says:
        assert part in ended.error
    assert ended.code == 2
    assert workshop.files() == before

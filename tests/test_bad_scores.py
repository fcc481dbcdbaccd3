"""Tables to be scored that are not as in training: refused with one error, or read by a policy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from tests.cli.jobs_in_process import Ended, Workshop
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
)


@dataclass(frozen=True)
class Scored:
    """A table to be scored by a model that was trained on `table(y=booleans)`.

    Parameters
    ----------
    write : callable
        Puts the table where `--input` is, the file `table`.
    says : tuple of str
        Parts of the error, or of the warnings where there is no error.
    drift : str
        The config's policy.
    kind : str
        The table's format.
    more : tuple of str
        Arguments that win over the usual ones.
    """

    write: Write
    says: tuple[str, ...] = ()
    drift: str = "ignore_extra"
    kind: str = "parquet"
    more: tuple[str, ...] = ()


def _csv(**columns: Any) -> Write:
    def write(place: Path) -> None:
        table(**columns).to_pandas().to_csv(place / "table", index=False)

    return write


def _new(drift: str = "ignore_extra", /, *says: str, **columns: Any) -> Scored:
    return Scored(parquet(table(**columns)), says, drift)


_REFUSED = "and drift is refuse"

BAD_SCORES = {
    "a missing file": Scored(nothing, ("nothing is there",)),
    "text where numbers were": Scored(
        _csv(x=mostly("1.5", "many")),
        ("column x is text that is no number in 3 of 60 rows (for example 'many')", "correct it"),
        kind="csv",
    ),
    "text where booleans were": Scored(
        _csv(flag=mostly("true", "perhaps")),
        ("column flag is text that is no boolean in 3 of 60 rows (for example 'perhaps')",),
        kind="csv",
    ),
    "infinite numbers": _new(
        "ignore_extra", "column x is infinite", "in 3 of 60 rows", x=mostly(1.0, -INF)
    ),
    "infinite numbers as text": Scored(
        _csv(x=mostly("1", "Infinity")), ("x is infinite", "3 of 60 rows"), kind="csv"
    ),
    "numbers that are no booleans": _new(
        "ignore_extra", "flag is neither 0 nor 1 in 3 of 60 rows", flag=mostly(1, 2)
    ),
    "a date where numbers were": _new(
        "null_for_missing", "column x is of type date; in training it was a number", x=[DAY] * ROWS
    ),
    "numbers where categories were": _new(
        "ignore_extra", "zone is of type bigint; in training it was text", zone=[1] * ROWS
    ),
    "a missing feature": _new(
        "ignore_extra", "no column x in the table", "drift=null_for_missing", x=None
    ),
    "a feature of another case": _new("ignore_extra", "did you mean X?", x=None, X=[1.0] * ROWS),
    "no feature at all": Scored(
        parquet(pa.table({"a": [1], "b": [2]})),
        ("none of the model's features is in the table, which has: a, b",),
        "null_for_missing",
    ),
    "a new column": _new("refuse", "column note was not in the", _REFUSED, note=[1] * ROWS),
    "a column that is gone": _new("refuse", "column x of the training table is missing", x=None),
    "a column of another type": _new(
        "refuse", "flag is of type bigint; in training it was boolean, and drift", flag=[1] * ROWS
    ),
    "a column prediction": _new("ignore_extra", "column prediction", prediction=[1] * ROWS),
    "a column Probability": _new("ignore_extra", "column Probability", Probability=[1] * ROWS),
    "an output below a file": Scored(
        below_a_file, ("cannot be",), more=("--output", "file/scored")
    ),
    "no model": Scored(parquet(table()), ("no model there",), more=("--model", "empty")),
}

GOOD_SCORES = {
    "unseen categories and nulls": _new(
        zone=mostly(None, "unseen"), x=[None] * (ROWS - 1) + [NAN], y=None
    ),
    "blanks in a CSV": Scored(
        _csv(x=mostly("1", " "), flag=mostly("TRUE", ""), zone=mostly("01", "")), kind="csv"
    ),
    "columns that training did not have": _new(note=[[1]] * ROWS),
    "numbers for booleans": _new(flag=mostly(1, 0)),
    "a feature that is null in every row": _new(
        "null_for_missing",
        "missing from the table, so null in every row: x, zone",
        x=None,
        zone=None,
    ),
    "the training table without its label": _new("refuse", y=None),
    "the training table as text": Scored(_csv(), (), "refuse", "csv"),
}


@pytest.fixture(scope="module")
def trained(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """A bagged model of a boolean label."""
    place = tmp_path_factory.mktemp("trained")
    pq.write_table(table(y=[i % 2 == 0 for i in range(ROWS)]), place / "table")
    workshop = made(place, {"bagging": {"replicas": 2, "max_depth": 2}})
    for job in ("prepare", "bag"):
        ended = workshop.run(job)
        assert ended.code == 0, ended.said
    return workshop


def _score(trained: Workshop, case: Scored, place: Path) -> tuple[Ended, Path]:
    case.write(place)
    given = {"--input": "table", "--output": "scored", "--model": "bagging"}
    given |= dict(zip(case.more[::2], case.more[1::2], strict=True))
    for key, value in given.items():
        if value != "bagging":
            given[key] = str(place / value)
    arguments = [part for item in given.items() for part in item]
    ended = trained.run("score", *arguments, "--format", case.kind, "--set", f"drift={case.drift}")
    return ended, place / "scored"


@pytest.mark.parametrize("name", BAD_SCORES)
def test_score_refuses_and_leaves_nothing(trained: Workshop, name: str, tmp_path: Path) -> None:
    case = BAD_SCORES[name]
    before = trained.files()
    ended, _ = _score(trained, case, tmp_path)
    for part in case.says:
        assert part in ended.error
    assert ended.code == 2
    assert trained.files() == before
    assert {path.name for path in tmp_path.iterdir()} <= {"table", "file"}


@pytest.mark.parametrize("name", GOOD_SCORES)
def test_score_predicts_every_row(trained: Workshop, name: str, tmp_path: Path) -> None:
    case = GOOD_SCORES[name]
    ended, output = _score(trained, case, tmp_path)
    assert ended.code == 0, ended.said
    scored = pq.read_table(output).to_pandas()
    assert len(scored) == ROWS
    assert set(scored["prediction"]) <= {0.0, 1.0}
    assert ended.warnings == list(case.says)

"""What is in a table's columns, by one pass: classes by split, weights, odd features.

Each partition reduces itself to a few counts and at most a thousand label values; the driver puts
them together. Nothing is judged here, so no task fails for what is in the table.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame

from pipeline.data.names import column

if TYPE_CHECKING:
    from pipeline.data.roles import Roles

MOST_CLASSES = 1_000
"""Label values that are counted; of a label with more it is only known that it has more."""

_EXACT = 2**53  # whole numbers up to here are themselves as doubles


@dataclass
class FeatureFacts:
    """What is in one feature column.

    Attributes
    ----------
    missing : int
        Rows where it is null or NaN.
    infinite : int
        Rows that hold an infinite number, or one beyond float32, in which trainers compute.
    least, greatest : number or str, optional
        Of the known values; None when there is none, and for vectors.
    """

    missing: int = 0
    infinite: int = 0
    least: Any = None
    greatest: Any = None

    def add(self, other: FeatureFacts) -> None:
        """Take another partition's facts into these."""
        self.missing += other.missing
        self.infinite += other.infinite
        self.see(other.least, other.greatest)

    def see(self, least: Any, greatest: Any) -> None:
        """Widen the range of known values; None for none."""
        if least is not None:
            self.least = least if self.least is None else min(self.least, least)
            self.greatest = greatest if self.greatest is None else max(self.greatest, greatest)


@dataclass
class Content:
    """What the pass found.

    Attributes
    ----------
    rows : Counter of str
        Rows of each split; of "" when the table has no splits.
    unlabelled : int
        Rows whose label is null or NaN.
    classes : dict
        Rows of each split by label value; up to `MOST_CLASSES` values, and one more says so.
    infinite_labels, fractional_labels, huge_labels : int
        Rows whose label is infinite, no whole number, or a whole one beyond 2**53.
    weights : dict of str to Counter
        By split: rows with an `unweighted`, `negative`, `infinite` and `positive` weight.
    features : dict of str to FeatureFacts
        By column; a vector column is one of them.
    """

    rows: Counter[str] = field(default_factory=Counter)
    unlabelled: int = 0
    classes: dict[Any, Counter[str]] = field(default_factory=dict)
    infinite_labels: int = 0
    fractional_labels: int = 0
    huge_labels: int = 0
    weights: dict[str, Counter[str]] = field(default_factory=dict)
    features: dict[str, FeatureFacts] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Rows of the table."""
        return self.rows.total()

    def add(self, other: Content) -> None:
        """Take another partition's content into this one."""
        self.rows += other.rows
        self.unlabelled += other.unlabelled
        self.infinite_labels += other.infinite_labels
        self.fractional_labels += other.fractional_labels
        self.huge_labels += other.huge_labels
        for value, splits in other.classes.items():
            for split, rows in splits.items():
                self.count_class(value, split, rows)
        for split, found in other.weights.items():
            self.weights.setdefault(split, Counter()).update(found)
        for name, facts in other.features.items():
            self.features.setdefault(name, FeatureFacts()).add(facts)

    def count_class(self, value: Any, split: str, rows: int) -> None:
        """Count rows of a class, unless there are too many classes already."""
        if value in self.classes or len(self.classes) <= MOST_CLASSES:
            self.classes.setdefault(value, Counter())[split] += rows

    def to_json(self) -> str:
        """As a line of JSON, whose keys can only be strings."""
        data = dict(vars(self))
        data["classes"] = [[value, splits] for value, splits in self.classes.items()]
        data["features"] = {name: vars(facts) for name, facts in self.features.items()}
        return json.dumps(data)

    @classmethod
    def from_json(cls, line: str) -> Content:
        """Read the form that `to_json` writes."""
        data = json.loads(line)
        data["rows"] = Counter(data["rows"])
        data["classes"] = {value: Counter(splits) for value, splits in data["classes"]}
        data["weights"] = {split: Counter(found) for split, found in data["weights"].items()}
        data["features"] = {name: FeatureFacts(**of) for name, of in data["features"].items()}
        return cls(**data)


def look(df: DataFrame, roles: Roles, split: str | None = None) -> Content:
    """Pass over a table once.

    Parameters
    ----------
    df : DataFrame
        A table whose columns have passed `check_roles`.
    roles : Roles
        What they are for.
    split : str, optional
        The column that names a row's split.
    """
    optional = (roles.weight, roles.vector, split)
    named = [roles.label, *roles.features, *(name for name in optional if name is not None)]
    # By place: `mapInArrow` stumbles over dots and backticks in names.
    placed = df.select(*[column(name).alias(f"c{place}") for place, name in enumerate(named)])
    read = partial(_look_at, names=named, roles=roles, split=split)

    def partition(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        found = Content()
        for batch in batches:
            read(found, batch)
        yield pa.record_batch({"content": pa.array([found.to_json()])})

    content = Content(features={name: FeatureFacts() for name in _inputs(roles)})
    for row in placed.mapInArrow(partition, "content string").collect():
        content.add(Content.from_json(row.content))
    return content


def _inputs(roles: Roles) -> list[str]:
    return [*roles.features, *([] if roles.vector is None else [roles.vector])]


def _look_at(
    found: Content, batch: pa.RecordBatch, *, names: list[str], roles: Roles, split: str | None
) -> None:
    batch = batch.rename_columns(names)
    splits = pa.repeat("", batch.num_rows) if split is None else batch.column(split)
    found.rows.update(_tally(splits))
    _look_at_label(found, batch.column(roles.label), splits)
    if roles.weight is not None:
        _look_at_weights(found, batch.column(roles.weight), splits)
    for name in roles.features:
        _look_at_feature(found.features.setdefault(name, FeatureFacts()), batch.column(name))
    if roles.vector is not None:
        facts = found.features.setdefault(roles.vector, FeatureFacts())
        _look_at_vectors(facts, batch.column(roles.vector))


def _look_at_label(found: Content, label: pa.Array, splits: pa.Array) -> None:
    label = _without_decimals(label)
    known = pc.is_valid(label)
    if pa.types.is_floating(label.type):
        known = pc.and_(known, pc.invert(pc.fill_null(pc.is_nan(label), True)))
    label, splits = label.filter(known), splits.filter(known)
    found.unlabelled += len(known) - len(label)
    if pa.types.is_floating(label.type):
        values = np.asarray(label)
        infinite = np.isinf(values)
        found.infinite_labels += int(infinite.sum())
        found.fractional_labels += int((values[~infinite] % 1 != 0).sum())
    elif pa.types.is_integer(label.type):
        values = np.asarray(label)
        found.huge_labels += int(((values > _EXACT) | (values < -_EXACT)).sum())
    table = pa.table({"value": label, "split": splits})
    counted = table.group_by(["value", "split"], use_threads=False).aggregate([([], "count_all")])
    for row in counted.to_pylist():
        found.count_class(row["value"], row["split"], row["count_all"])


def _look_at_weights(found: Content, column: pa.Array, splits: pa.Array) -> None:
    weights = _doubles(column)
    known = ~np.isnan(weights)
    facts = {
        "unweighted": ~known,
        "negative": weights < 0,
        "infinite": _overflows(weights),
        "positive": weights.astype(np.float32) > 0,  # as trainers see it
    }
    for word, rows in facts.items():
        for split, count in _tally(splits.filter(pa.array(rows))).items():
            found.weights.setdefault(split, Counter())[word] += count


def _look_at_feature(facts: FeatureFacts, column: pa.Array) -> None:
    known = _without_decimals(column).drop_null()
    facts.missing += len(column) - len(known)
    if pa.types.is_string(known.type) or pa.types.is_boolean(known.type):
        ends = pc.min_max(known).as_py()
        facts.see(ends["min"], ends["max"])
        return
    values = np.asarray(known.to_numpy(zero_copy_only=False))
    if pa.types.is_floating(known.type):
        is_number = ~np.isnan(values)
        facts.missing += int((~is_number).sum())
        values = values[is_number]
        infinite = _overflows(values)
        facts.infinite += int(infinite.sum())
        values = values[~infinite]
    if len(values):
        facts.see(values.min().item(), values.max().item())


def _look_at_vectors(facts: FeatureFacts, column: pa.Array) -> None:
    known = column.drop_null()
    facts.missing += len(column) - len(known)
    lists = known.field("values") if pa.types.is_struct(known.type) else known
    values = _doubles(lists.flatten())
    # In how many rows: an element's row is the place of its list.
    facts.infinite += len(np.unique(np.asarray(pc.list_parent_indices(lists))[_overflows(values)]))


def _tally(values: pa.Array) -> dict[str, int]:
    return {row["values"]: row["counts"] for row in pc.value_counts(values).to_pylist()}


def _doubles(column: pa.Array) -> npt.NDArray[np.float64]:
    values = pc.cast(_without_decimals(column), pa.float64(), safe=False)
    return np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.float64)


def _without_decimals(column: pa.Array) -> pa.Array:
    return pc.cast(column, pa.float64()) if pa.types.is_decimal(column.type) else column


def _overflows(values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Where a value is infinite as the float32 that trainers compute in."""
    with np.errstate(over="ignore"):
        return np.isinf(values.astype(np.float32))

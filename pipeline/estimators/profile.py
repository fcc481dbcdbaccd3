"""One pass over the table before training: its labels, its categories, its vectors' length.

Each partition reduces itself to a few sets and counts; the driver puts them together. What cannot
be trained on is refused here, with how many rows are affected.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql.types import BooleanType, DataType, StringType

from pipeline.data.content import MOST_CLASSES
from pipeline.data.encoding import Feature, FeatureSchema, Kind, LabelSchema
from pipeline.data.names import column
from pipeline.errors import DataError
from pipeline.estimators.arrow import by_place
from pipeline.spark.told import run_on_partitions

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

MOST_CATEGORIES = 65_536
_SPARSE_VECTOR = 0


@dataclass
class Profile:
    """What the pass found.

    Parameters
    ----------
    rows : int
        Rows of the table, training and validation.
    categories : dict
        Values seen in each string column.
    classes : dict
        Training rows of each value of the label; left empty for a number to predict.
    bounds : (float, float)
        The least and the greatest label that is a number to predict.
    counts : dict
        Rows with a problem, by problem.
    sizes : set of int
        Lengths of the vectors.
    is_sparse : bool
        Whether any vector is sparse.
    """

    rows: int = 0
    categories: dict[str, set[str]] = field(default_factory=dict)
    classes: dict[Any, int] = field(default_factory=dict)
    bounds: tuple[float, float] = (math.inf, -math.inf)
    counts: dict[str, int] = field(default_factory=dict)
    sizes: set[int] = field(default_factory=set)
    is_sparse: bool = False

    def to_json(self) -> str:
        """As a line of JSON."""
        sets = {name: sorted(values) for name, values in self.categories.items()}
        return json.dumps(
            {
                "rows": self.rows,
                "categories": sets,
                "classes": list(self.classes.items()),
                "bounds": self.bounds,
                "counts": self.counts,
                "sizes": sorted(self.sizes),
                "is_sparse": self.is_sparse,
            }
        )

    def add(self, line: str) -> None:
        """Take another partition's profile into this one."""
        other = json.loads(line)
        self.rows += other["rows"]
        for label, count in other["classes"]:
            self.classes[label] = self.classes.get(label, 0) + count
        low, high = other["bounds"]
        self.widen(low, high)
        self.sizes.update(other["sizes"])
        self.is_sparse |= other["is_sparse"]
        for name, values in other["categories"].items():
            self.categories.setdefault(name, set()).update(values)
        for name, count in other["counts"].items():
            self.counts[name] = self.counts.get(name, 0) + count

    def widen(self, low: float, high: float) -> None:
        """Let the bounds hold these labels."""
        self.bounds = (min(self.bounds[0], low), max(self.bounds[1], high))

    def count(self, problem: str, rows: int) -> None:
        """Note rows with a problem."""
        self.counts[problem] = self.counts.get(problem, 0) + rows


@dataclass(frozen=True)
class Columns:
    """The columns that a fit reads.

    Parameters
    ----------
    features : tuple of str
        Typed feature columns; empty when `vector` is set.
    vector : str or None
        The vector or array column.
    label : str
        The label column.
    weight, validation, group : str or None
        Row weights; the boolean that marks validation rows; the group that a row belongs to.
    is_number : bool
        Whether the label is a number to predict.
    margin, upper : str or None
        A row's base margins; the upper bound of its label, whose column is then the lower one.
    margins : int
        How many base margins a row has; known when the table is described.
    keeps_groups : bool
        Whether all rows of a group train on one worker.
    """

    features: tuple[str, ...]
    vector: str | None
    label: str
    weight: str | None = None
    validation: str | None = None
    group: str | None = None
    is_number: bool = False
    margin: str | None = None
    upper: str | None = None
    margins: int = 0
    keeps_groups: bool = False

    @property
    def extras(self) -> int:
        """Further numbers of a row: its base margins, and the upper bound of its label."""
        return self.margins + (self.upper is not None)

    @property
    def read(self) -> list[str]:
        """All of them, each once."""
        named = [*self.features, self.vector, self.label, self.weight, self.validation, self.group]
        named += [self.margin, self.upper]
        return list(dict.fromkeys(name for name in named if name is not None))


@dataclass(frozen=True)
class Described:
    """What a table is, for a learner.

    Parameters
    ----------
    features, label : FeatureSchema, LabelSchema
        What the matrix and the labels mean.
    rows : int
        Rows, those for validation included.
    class_rows : tuple of int
        Training rows of each class, in the order of the label's classes.
    stored : int
        Values of sparse vectors, all rows together; 0 where there are none.
    """

    features: FeatureSchema
    label: LabelSchema
    rows: int
    class_rows: tuple[int, ...]
    stored: int = 0


def describe(frame: DataFrame, columns: Columns) -> Described:
    """Pass over the table once; returns what its features and its label are.

    Raises
    ------
    DataError
        For null labels, fewer than two classes, labels that are no classes, columns with too many
        categories, vectors of several lengths, unusable weights.
    """
    kinds = {name: _kind(frame.schema[name].dataType) for name in columns.features}
    texts = [name for name, kind in kinds.items() if kind == "categorical"]
    named = (columns.label, columns.weight, columns.vector, columns.validation)
    wanted = list(dict.fromkeys([*texts, *(name for name in named if name is not None)]))

    def profile(batches: Iterable[pa.RecordBatch]) -> str:
        found = Profile()
        for batch in batches:
            _profile_batch(found, batch.rename_columns(wanted), columns, texts)
        return found.to_json()

    total = Profile()
    for line in run_on_partitions(by_place(frame.select(*map(column, wanted))), profile):
        total.add(line)
    _require_usable(total, columns)
    _require_classes(columns.label, total.classes)
    classes = tuple(sorted(total.classes))
    for name, values in total.categories.items():
        _require_categories(name, values)
    features = tuple(
        Feature(name, kinds[name], tuple(sorted(total.categories.get(name, ()))))
        for name in columns.features
    )
    size = next(iter(total.sizes), 0)
    schema = FeatureSchema(features, columns.vector, size, total.is_sparse)
    label = LabelSchema(columns.label, classes, total.bounds if columns.is_number else (0.0, 0.0))
    class_rows = tuple(total.classes[each] for each in classes)
    return Described(schema, label, total.rows, class_rows, total.counts.get("stored values", 0))


def _kind(kind: DataType) -> Kind:
    """How a type that `check_roles` lets pass is encoded."""
    if isinstance(kind, StringType):
        return "categorical"
    return "boolean" if isinstance(kind, BooleanType) else "numeric"


def _profile_batch(
    found: Profile, batch: pa.RecordBatch, columns: Columns, texts: list[str]
) -> None:
    found.rows += batch.num_rows
    for name in texts:
        values = found.categories.setdefault(name, set())
        values.update(pc.unique(batch.column(name).drop_null()).to_pylist())
        _require_categories(name, values)
    if columns.is_number:
        _profile_number(found, batch.column(columns.label))
    else:
        marks = None if columns.validation is None else batch.column(columns.validation)
        _profile_label(found, batch.column(columns.label), columns.label, marks)
    if columns.weight is not None:
        weights = pc.cast(batch.column(columns.weight), pa.float64(), safe=False)
        found.count("null weights", weights.null_count)
        known = np.asarray(weights.drop_null())
        found.count("negative weights", int((known < 0).sum()))
        found.count("unusable weights", int((~np.isfinite(known)).sum()))
        found.count("positive weights", int((known > 0).sum()))
    if columns.vector is not None:
        _profile_vectors(found, batch.column(columns.vector))


def _require_categories(name: str, values: set[str]) -> None:
    if len(values) > MOST_CATEGORIES:
        raise DataError(
            f"column {name} has more than {MOST_CATEGORIES} different strings; that is an "
            "identifier rather than a category. Leave it out, or group its values"
        )


def _profile_number(found: Profile, label: pa.Array) -> None:
    if pa.types.is_boolean(label.type):
        label = pc.cast(label, pa.int8())
    values = np.asarray(pc.cast(label, pa.float64(), safe=False).drop_null())
    usable = np.isfinite(values.astype(np.float32))
    found.count("null labels", label.null_count + int(np.isnan(values).sum()))
    found.count("infinite labels", int((~usable & ~np.isnan(values)).sum()))
    if usable.any():
        found.widen(float(values[usable].min()), float(values[usable].max()))


def _profile_label(
    found: Profile, label: pa.Array, name: str, is_validation: pa.Array | None
) -> None:
    if pa.types.is_boolean(label.type):
        label = pc.cast(label, pa.int8())
    if not pa.types.is_string(label.type):
        label = pc.cast(label, pa.float64(), safe=False)
        nan = pc.invert(pc.is_finite(label))
        found.count("null labels", int(pc.sum(nan).as_py() or 0))
        usable = pc.invert(pc.fill_null(nan, False))
        label = label.filter(usable)
        is_validation = None if is_validation is None else is_validation.filter(usable)
    found.count("null labels", label.null_count)
    for value in pc.unique(label.drop_null()).to_pylist():
        found.classes.setdefault(value, 0)
    _require_classes(name, found.classes)
    if is_validation is not None:
        label = label.filter(pc.invert(pc.fill_null(is_validation, False)))
    for each in pc.value_counts(label.drop_null()).to_pylist():
        found.classes[each["values"]] += each["counts"]


def _require_classes(name: str, values: Mapping[Any, int]) -> None:
    if len(values) > MOST_CLASSES:
        raise DataError(
            f"label {name} has more than {MOST_CLASSES} different values: it is a number to "
            "predict rather than a class, and classifiers need classes"
        )


def _profile_vectors(found: Profile, column: pa.Array) -> None:
    found.count("null vectors", column.null_count)
    column = column.drop_null()
    if not len(column):
        return
    if not pa.types.is_struct(column.type):
        found.sizes.update(pc.unique(pc.list_value_length(column)).to_pylist())
        return
    kinds = np.asarray(column.field("type"))
    lengths = np.asarray(pc.list_value_length(column.field("values")))
    found.sizes.update(int(size) for size in np.unique(lengths[kinds != _SPARSE_VECTOR]))
    if (kinds == _SPARSE_VECTOR).any():
        found.is_sparse = True
        found.count("stored values", int(lengths.sum()))
        declared = pc.unique(column.field("size").drop_null())
        found.sizes.update(declared.to_pylist())


def _require_usable(found: Profile, columns: Columns) -> None:
    """Raise for everything that cannot be trained on, all of it in one error."""
    counts = found.counts
    problems = []
    if not found.rows:
        problems.append("the table has no rows")
    if counts.get("null labels"):
        problems.append(
            f"label {columns.label} is null in {counts['null labels']} of {found.rows} rows; drop "
            "or label them first"
        )
    if counts.get("infinite labels"):
        problems.append(
            f"label {columns.label} is infinite (or beyond float32) in {counts['infinite labels']} "
            f"of {found.rows} rows; replace it"
        )
    is_point = columns.is_number and columns.upper is None
    if is_point and found.bounds[0] == found.bounds[1]:
        problems.append(
            f"label {columns.label} is {found.bounds[0]:g} in every row; there is nothing to learn"
        )
    if found.rows and not columns.is_number and len(found.classes) < 2:
        one = next(iter(found.classes), None)
        problems.append(
            f"label {columns.label} has one class only ({one!r}); there is nothing to learn"
        )
    for what in ("null weights", "negative weights", "unusable weights"):
        if counts.get(what):
            problems.append(f"weight column {columns.weight} has {counts[what]} {what}")
    if found.rows and columns.weight is not None and not counts.get("positive weights"):
        problems.append(f"weight column {columns.weight} has no positive weight")
    if counts.get("null vectors"):
        problems.append(f"column {columns.vector} has {counts['null vectors']} null vectors")
    if len(found.sizes) > 1:
        sizes = ", ".join(map(str, sorted(found.sizes)[:5]))
        problems.append(f"column {columns.vector} has vectors of different lengths: {sizes}")
    if problems:
        raise DataError("; ".join(problems))

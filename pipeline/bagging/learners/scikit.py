"""An estimator of scikit-learn, or of its kind, as the learner.

What an estimator sees of the encoded rows:

- A category becomes a column for each category seen in training, 1 where the row has it; all of
  them are 0 where the category is missing or was not seen. They are kept sparse when they would be
  mostly zeros and the estimator takes sparse rows.
- A missing number stays NaN where the estimator takes NaN and the rows are dense. Else it becomes
  the median of the column's training rows, 0 for a column without any number.
- Sparse vectors stay sparse where the estimator takes that, and are made dense otherwise. An absent
  entry is 0, and so is a NaN.
- Nothing is scaled: the values are the table's own.

This is fitted once in a process, on the training rows without weights, and goes into each replica's
file. The file is written by skops, not by pickle: what it may make is judged before it is made.
Imported on executors only.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePosixPath
from typing import Any
from zipfile import ZipFile, ZipInfo

import joblib
import numpy as np
import numpy.typing as npt
import skops.io
from scipy import sparse
from sklearn.dummy import DummyClassifier
from sklearn.neighbors import BallTree, KDTree
from sklearn.utils import get_tags
from sklearn.utils.validation import has_fit_parameter

from pipeline.bagging.learners.allowed import (
    DAMAGED,
    load_class,
    new_estimator,
    nodes,
    require_trusted,
    type_of,
)
from pipeline.bagging.learners.learner import Learner, LearnerSpec, Member
from pipeline.data.encoding import FeatureSchema, Matrix
from pipeline.errors import ModelError, UserError
from pipeline.spark.shard_file import Floats, Integers, Shard

_NUMERIC = -1  # in place of a number of categories
_MOSTLY_ZEROS = 0.3  # scikit-learn's ColumnTransformer goes by the same density
_BLOCK_VALUES = 1 << 24  # values of one step over rows: 64 MiB
_FORMAT = 1
_CALLS = slice(7, 11)  # of a neighbours' tree's state: how often it did what


# --- preparation ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Preparation:
    """How encoded rows become what an estimator takes.

    Parameters
    ----------
    categories : ndarray of int64, shape (width,), or None
        Categories of each feature, -1 for a number; None: all are numbers.
    medians : ndarray of float32, shape (width,), or None
        What stands for a missing number (NaN at categories); None: NaN stays.
    is_sparse : bool
        Whether rows come out sparse.
    """

    categories: Integers | None
    medians: Floats | None
    is_sparse: bool

    @classmethod
    def fit(
        cls, shard: Shard, features: FeatureSchema, estimator: Any, on_chunk: Callable[[], None]
    ) -> Preparation:
        """What an estimator needs for the rows of a shard."""
        takes = get_tags(estimator).input_tags
        categories = _categories(features)
        if shard.is_sparse:
            return cls(None, None, bool(takes.sparse))
        is_sparse = bool(takes.sparse) and _is_mostly_zeros(categories)
        if takes.allow_nan and not is_sparse:
            return cls(categories, None, is_sparse)
        medians = _medians(shard, on_chunk)
        if categories is not None:
            medians[categories != _NUMERIC] = np.nan
        return cls(categories, medians, is_sparse)

    def apply(self, rows: Matrix) -> Matrix:
        """Prepare encoded rows."""
        if not isinstance(rows, np.ndarray):
            return self._of_sparse(rows)
        if self.medians is not None:
            rows = np.where(np.isnan(rows), self.medians, rows)
        if self.categories is None:
            return rows
        found = self._with_categories(rows, self.categories)
        return found if self.is_sparse else found.toarray()

    def positions(self, columns: Integers | None) -> Integers | None:
        """Where the values of some features are after preparation."""
        if columns is None or self.categories is None:
            return columns
        starts, widths = _layout(self.categories)
        spans = [np.arange(starts[i], starts[i] + widths[i]) for i in columns]
        return np.concatenate(spans).astype(np.int64)

    def _of_sparse(self, rows: sparse.csr_matrix) -> Matrix:
        missing = np.isnan(rows.data)
        if missing.any():
            rows = rows.copy()
            rows.data[missing] = 0
        return rows if self.is_sparse else np.asarray(rows.toarray(), dtype=np.float32)

    def _with_categories(self, rows: Floats, categories: Integers) -> sparse.csr_matrix:
        # Each feature gives a row one entry at most: its value, or a 1 at the category's column.
        is_category = categories != _NUMERIC
        starts, widths = _layout(categories)
        missing = np.isnan(rows)
        codes = np.where(is_category & ~missing, rows, 0).astype(np.int64)
        kept = np.where(is_category, ~missing, rows != 0)
        values = np.where(is_category, np.float32(1), rows)
        ends = np.concatenate([[0], np.cumsum(kept.sum(axis=1))])
        shape = (len(rows), int(widths.sum()))
        return sparse.csr_matrix((values[kept], (starts + codes)[kept], ends), shape)


def _categories(features: FeatureSchema) -> Integers | None:
    if not features.categorical:
        return None
    counts = [
        len(item.categories) if item.kind == "categorical" else _NUMERIC
        for item in features.features
    ]
    return np.array(counts, dtype=np.int64)


def _layout(categories: Integers) -> tuple[Integers, Integers]:
    """Where each feature's columns begin after preparation, and how many they are."""
    widths = np.where(categories == _NUMERIC, 1, categories)
    return np.cumsum(widths) - widths, widths


def _is_mostly_zeros(categories: Integers | None) -> bool:
    if categories is None:
        return False
    return bool(len(categories) < _MOSTLY_ZEROS * _layout(categories)[1].sum())


def _medians(shard: Shard, on_chunk: Callable[[], None]) -> Floats:
    """Each column's median without its NaN, some columns at a time."""
    medians = np.zeros(shard.width, dtype=np.float32)
    step = max(1, _BLOCK_VALUES // max(1, shard.rows))
    for begin in range(0, shard.width, step):
        block = slice(begin, begin + step)
        parts = []
        for chunk in shard.matrices():
            parts.append(np.array(chunk[:, block]))
            on_chunk()
        medians[block] = [_median(column) for column in np.concatenate(parts).T] if parts else 0
    return medians


def _median(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else 0.0


def _prepared(shard: Shard, preparation: Preparation, on_chunk: Callable[[], None]) -> Matrix:
    parts = []
    for chunk in shard.matrices():
        parts.append(preparation.apply(chunk))
        on_chunk()
    if preparation.is_sparse:
        return sparse.vstack(parts, format="csr")
    return _joined(parts)


def _joined(parts: list[Floats]) -> Floats:
    """Like `np.concatenate`, but lets go of each part when it was copied."""
    rows = np.empty((sum(map(len, parts)), parts[0].shape[1]), dtype=np.float32)
    begin = 0
    for i, part in enumerate(parts):
        rows[begin : begin + len(part)] = part
        begin += len(part)
        parts[i] = part[:0].copy()
    return rows


# --- member ---------------------------------------------------------------------------------------


class ScikitMember(Member):
    """A trained estimator, and how to prepare rows for it.

    Parameters
    ----------
    estimator : estimator
        One replica.
    preparation : Preparation
        From encoded rows to its own.
    positions : ndarray of int64, or None
        Columns of the prepared rows that it uses; None: all.
    spec : LearnerSpec
        What it has learnt.
    """

    def __init__(
        self,
        estimator: Any,
        preparation: Preparation,
        positions: Integers | None,
        spec: LearnerSpec,
    ) -> None:
        self.estimator = estimator
        self.preparation = preparation
        self._positions = positions
        self._spec = spec

    @classmethod
    def open(cls, data: bytes, spec: LearnerSpec, threads: int) -> ScikitMember:
        """The member of a replica's file.

        Raises
        ------
        UserError
            When the spec names an estimator that may not be loaded.
        ModelError
            When the file is damaged, of another estimator, or holds types that may not be loaded.
        """
        kind = load_class(spec.name, spec.allowed)
        own = f"{kind.__module__}.{kind.__qualname__}"  # it may be imported from elsewhere
        types = require_trusted(data, [*spec.allowed, own])
        try:
            content = skops.io.loads(data, trusted=types)
            member = cls(*_checked(content, kind, spec), spec)
        except DAMAGED as error:
            raise ModelError(f"a replica's file of {spec.name} is damaged: {error}") from error
        _set(member.estimator, n_jobs=threads)
        return member

    def scores(self, features: Matrix) -> Floats:
        """Class shares (0/1 votes of an estimator without probabilities), or values."""
        return self._by_blocks(features, self.preparation.apply)

    def scores_of_prepared(self, rows: Matrix) -> Floats:
        """The scores of rows that are already prepared."""
        return self._by_blocks(rows, lambda block: block)

    def save(self) -> bytes:
        """A skops file, without what differs from run to run.

        Raises
        ------
        UserError
            When the estimator holds what skops cannot write.
        """
        threads = getattr(self.estimator, "n_jobs", None)
        content = {
            "format": _FORMAT,
            "estimator": self.estimator,
            "positions": self._positions,
            "categories": self.preparation.categories,
            "medians": self.preparation.medians,
            "is_sparse": self.preparation.is_sparse,
        }
        _set(self.estimator, n_jobs=None)
        _settle(self.estimator)
        try:
            return _canonical(skops.io.dumps(content))
        except (AttributeError, TypeError) as error:
            raise UserError(
                f"learner {self._spec.name}: skops cannot write it: {error}; use another learner, "
                "or other params"
            ) from error
        finally:
            _set(self.estimator, n_jobs=threads)

    def _by_blocks(self, rows: Matrix, prepare: Callable[[Matrix], Matrix]) -> Floats:
        found = np.empty((rows.shape[0], self._spec.outputs), dtype=np.float32)
        step = self._block_rows(rows.shape[1])
        for begin in range(0, rows.shape[0], step):
            block = slice(begin, begin + step)
            own = prepare(rows[block])
            if self._positions is not None:
                own = own[:, self._positions]
            found[block] = self._outputs(own)
        return found

    def _block_rows(self, width: int) -> int:
        categories = self.preparation.categories
        widest = width if categories is None else int(_layout(categories)[1].sum())
        return max(1024, _BLOCK_VALUES // max(1, width, widest, self._spec.outputs))

    def _outputs(self, rows: Matrix) -> npt.NDArray[Any]:
        with _in_threads():
            if not self._spec.classes:
                return np.asarray(self.estimator.predict(rows)).reshape(-1, 1)
            shares = np.zeros((rows.shape[0], max(2, self._spec.classes)))
            if hasattr(self.estimator, "predict_proba"):
                # A replica knows the classes that it has drawn.
                seen = np.asarray(self.estimator.classes_, dtype=np.int64)
                shares[:, seen] = self.estimator.predict_proba(rows)
            else:
                votes = np.asarray(self.estimator.predict(rows), dtype=np.int64)
                shares[np.arange(len(votes)), votes] = 1
        return shares if self._spec.outputs > 1 else shares[:, 1:2]


def _checked(
    content: Mapping[str, Any], kind: type[Any], spec: LearnerSpec
) -> tuple[Any, Preparation, Integers | None]:
    estimator = content["estimator"]
    if content["format"] != _FORMAT:
        raise ValueError(f"its format is {content['format']}, and this version reads {_FORMAT}")
    # The dummy stands for a replica that has drawn rows of one class.
    if type(estimator) not in (kind, DummyClassifier):
        raise ValueError(f"it holds a {type(estimator).__name__}")
    width = spec.features.width
    categories = _array(content["categories"], np.int64, width)
    medians = _array(content["medians"], np.float32, width)
    preparation = Preparation(categories, medians, bool(content["is_sparse"]))
    return estimator, preparation, _array(content["positions"], np.int64, None)


def _array(value: Any, kind: type[Any], size: int | None) -> npt.NDArray[Any] | None:
    if value is None:
        return None
    if not isinstance(value, np.ndarray) or value.dtype != kind or value.ndim != 1:
        raise ValueError("an array is of another kind")
    if size is not None and len(value) != size:
        raise ValueError(f"an array has {len(value)} entries for {size} features")
    return value


# --- learner --------------------------------------------------------------------------------------


class ScikitLearner(Learner):
    """Prepared rows that any number of replicas is trained on.

    Parameters
    ----------
    shard : Shard
        All training rows.
    spec : LearnerSpec
        What to learn; its name is the estimator's import path.
    threads : int
        Threads to compute with.
    gpus : tuple of str
        Not used: these estimators compute on CPUs.
    on_chunk : callable, optional
        Called after every chunk of rows that was read.

    Raises
    ------
    UserError
        When the estimator may not be loaded or is of another kind, a param is wrong, or the rows'
        weights are fractions and the estimator takes no weights.
    """

    def __init__(
        self,
        shard: Shard,
        spec: LearnerSpec,
        threads: int,
        gpus: tuple[str, ...] = (),
        on_chunk: Callable[[], None] | None = None,
    ) -> None:
        self._spec = spec
        self._threads = threads
        estimator = self._new()
        self._takes_weights = has_fit_parameter(estimator, "sample_weight")
        if shard.weights is not None and not self._takes_weights:
            self._require_whole(shard.weights)
        tell = on_chunk or (lambda: None)
        self._preparation = Preparation.fit(shard, spec.features, estimator, tell)
        self._rows = _prepared(shard, self._preparation, tell)
        self._targets = shard.labels.astype(np.int64 if spec.classes else np.float64)
        self._is_proven = False

    def train(self, weights: Floats, seed: int, columns: Integers | None) -> ScikitMember:
        """A replica on rows that count as much as `weights` says.

        Raises
        ------
        UserError
            When the estimator refuses the rows, or cannot be saved.
        ModelError
            When it holds types that may not be loaded.
        """
        places, shares = self._sample(weights)
        positions = self._preparation.positions(columns)
        targets = self._targets[places]
        estimator = self._new(random_state=seed % 2**32, n_jobs=self._threads)
        if self._spec.classes and (targets == targets[:1]).all():
            estimator = DummyClassifier()  # most estimators refuse rows of one class
        extra = {"sample_weight": shares} if self._takes_weights else {}
        try:
            with _in_threads():
                estimator.fit(self._of(places, positions), targets, **extra)
        except ValueError as error:
            raise UserError(
                f"learner {self._spec.name}: it cannot be trained on these rows: {error}"
            ) from error
        member = ScikitMember(estimator, self._preparation, positions, self._spec)
        self._prove(member)
        return member

    def scores(self, member: Member) -> Floats:
        """A replica's scores of all rows, which are not prepared again."""
        if not isinstance(member, ScikitMember):
            raise TypeError(f"a member of scikit-learn, not {type(member).__name__}")
        return member.scores_of_prepared(self._rows)

    def _prove(self, member: ScikitMember) -> None:
        """Open a first replica, so that types that are not allowed fail the fit and not the use."""
        if not self._is_proven:
            ScikitMember.open(member.save(), self._spec, self._threads)
            self._is_proven = True

    def _new(self, **ours: Any) -> Any:
        spec = self._spec
        estimator = new_estimator(
            spec.name, spec.params, is_regression=not spec.classes, allowed=spec.allowed
        )
        _set(estimator, **ours)
        return estimator

    def _sample(self, weights: Floats) -> tuple[Integers, npt.NDArray[np.float64] | None]:
        """Places of the sample's rows, and how much each of them counts."""
        places = np.flatnonzero(weights > 0)
        if self._takes_weights:
            return places, weights[places].astype(np.float64)
        self._require_whole(weights)
        return np.repeat(places, weights[places].astype(np.int64)), None

    def _require_whole(self, weights: Floats) -> None:
        if (weights != np.floor(weights)).any():
            raise UserError(
                f"learner {self._spec.name}: its fit takes no weights, so a row is repeated as "
                "often as its weight says, and these weights are fractions; use whole numbers, "
                "no weights, or another learner"
            )

    def _of(self, places: Integers, positions: Integers | None) -> Matrix:
        if positions is None:
            return self._rows[places]
        if isinstance(self._rows, np.ndarray):
            return self._rows[np.ix_(places, positions)]
        return self._rows[places][:, positions]


def _set(estimator: Any, **values: Any) -> None:
    """Set those params that the estimator has."""
    known = estimator.get_params(deep=False)
    estimator.set_params(**{name: value for name, value in values.items() if name in known})


def _settle(estimator: Any) -> None:
    """Let go of what only training needs, and of what depends on threads or on earlier calls.

    Histogram boosting keeps a generator, which skops cannot write with this numpy, and the threads
    that it binned with. The neighbours' tree counts its calls.
    """
    for name, value in vars(estimator).items():
        if isinstance(value, np.random.Generator):
            setattr(estimator, name, None)
        elif type(value).__name__ == "_BinMapper":
            value.n_threads = 1
        elif isinstance(value, KDTree | BallTree):
            state = list(value.__getstate__())
            state[_CALLS] = [0] * 4
            value.__setstate__(tuple(state))


def _in_threads() -> Any:
    """Some estimators ask joblib for processes, which a Spark task must not start."""
    return joblib.parallel_config(backend="threading")


# --- the file -------------------------------------------------------------------------------------

# Their identity means nothing: Python shares equal ones, or does not, as it likes.
_VALUES = frozenset({"BytesNode", "DTypeNode", "FunctionNode", "JsonNode", "TupleNode", "TypeNode"})
_NO_TIME = (1980, 1, 1, 0, 0, 0)


def _canonical(data: bytes) -> bytes:
    """A skops file in the one form that depends on its content only.

    skops names files by addresses in memory or by chance, and stamps them with the time.
    """
    with ZipFile(BytesIO(data)) as source:
        schema = json.loads(source.read("schema.json"))
        content = {name: source.read(name) for name in source.namelist()}
    _order_sets(schema)
    _number_identities(schema)
    files = _name_files(schema, content)
    files["schema.json"] = json.dumps(schema, separators=(",", ":")).encode()
    return _zipped(files)


def _number_identities(schema: Any) -> None:
    """Keep the identity of objects that occur more than once, as a number in their order."""
    for node in nodes(schema):
        if _is_value(node):
            node.pop("__id__", None)
        if "key_types" in node:
            _forget(node["key_types"])
    counts = Counter(node["__id__"] for node in nodes(schema) if "__id__" in node)
    numbers: dict[int, int] = {}
    for node in nodes(schema):
        identity = node.pop("__id__", None)
        if counts[identity] > 1:
            node["__id__"] = numbers.setdefault(identity, len(numbers) + 1)


def _is_value(node: Mapping[str, Any]) -> bool:
    is_scalar = node["__loader__"] == "NdArrayNode" and type_of(node) != "numpy.ndarray"
    return is_scalar or node["__loader__"] in _VALUES


def _forget(state: Any) -> None:
    for node in nodes(state):
        node.pop("__id__", None)


def _name_files(schema: Any, content: Mapping[str, bytes]) -> dict[str, bytes]:
    """Name each file by the place of its first use; equal ones are one."""
    names: dict[tuple[str, bytes], str] = {}
    files: dict[str, bytes] = {}
    for node in nodes(schema):
        if "file" not in node:
            continue
        suffix = PurePosixPath(node["file"]).suffix
        data = _FORMS.get(suffix, bytes)(content[node["file"]])
        key = (suffix, hashlib.sha256(data).digest())
        node["file"] = names.setdefault(key, f"{len(names)}{suffix}")
        files[node["file"]] = data
    return files


def _without_padding(data: bytes) -> bytes:
    """Zeros between the fields of an array of records, where memory holds anything."""
    if not data[10:].startswith(b"{'descr': ["):
        return data
    found = np.load(BytesIO(data), allow_pickle=False)
    is_padding = np.ones(found.dtype.itemsize, dtype=bool)
    for kind, begin, *_ in found.dtype.fields.values():
        is_padding[begin : begin + kind.itemsize] = False
    clean = bytearray(data)
    body = np.frombuffer(clean, dtype=np.uint8)[len(data) - found.nbytes :]
    body.reshape(-1, found.dtype.itemsize)[:, is_padding] = 0
    return bytes(clean)


def _with_smallest_indices(data: bytes) -> bytes:
    """A sparse matrix as it is once it was read; not compressed, which depends on a library."""
    target = BytesIO()
    sparse.save_npz(target, sparse.load_npz(BytesIO(data)), compressed=False)
    return target.getvalue()


_FORMS: Mapping[str, Callable[[bytes], bytes]] = {
    ".npy": _without_padding,
    ".npz": _with_smallest_indices,
}


def _order_sets(schema: Any) -> None:
    for node in nodes(schema):
        if node["__loader__"] == "SetNode":
            node["content"].sort(key=lambda item: str(item.get("content")))


def _zipped(files: Mapping[str, bytes]) -> bytes:
    target = BytesIO()
    with ZipFile(target, "w") as file:
        for name, data in files.items():
            info = ZipInfo(name, _NO_TIME)
            info.create_system = 3  # the same on every system
            file.writestr(info, data)
    return target.getvalue()

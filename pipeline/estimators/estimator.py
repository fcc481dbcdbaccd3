"""The way of a fit, the same for all trainers: check, lay out, describe, write shards, train.

A trainer supplies two things: how its work is laid out on the cluster (which refuses at once what
can never fit) and the training itself, given shards.
"""

from __future__ import annotations

import logging
import math
import time
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

from pydantic import ValidationError
from pyspark.ml.base import Estimator
from pyspark.ml.util import DefaultParamsReadable, DefaultParamsWritable
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql.types import BooleanType, DataType, IntegralType, StringType

from pipeline.data.encoding import FeatureSchema, LabelSchema
from pipeline.data.identity import with_row_id
from pipeline.data.names import column, require
from pipeline.data.roles import check_roles
from pipeline.data.settings import ColumnsSettings
from pipeline.errors import DataError, UserError
from pipeline.estimators.arrow import by_place, place_name
from pipeline.estimators.encoder import GROUP, encode
from pipeline.estimators.model import EnsembleModel, qualified
from pipeline.estimators.params import TableParams
from pipeline.estimators.profile import Columns, Described, describe
from pipeline.spark.scratch import Scratch, default_scratch
from pipeline.spark.shards import Layout, ShardSet, write_shards
from pipeline.store.installed import installed

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

logger = logging.getLogger(__name__)

M = TypeVar("M", bound=EnsembleModel)
L = TypeVar("L")
T = TypeVar("T")

_ROW_ID = "__row_id"
HELD_OUT = "__validation"
"""The column of rows that are held out by a share, not by the user's own column."""


@dataclass(frozen=True)
class FitJob(Generic[L]):
    """What a trainer gets.

    Parameters
    ----------
    spark : SparkSession
        The session.
    layout : object
        What the trainer's own `_lay_out` returned.
    shards : ShardSet
        All rows, encoded.
    described : Described
        What the matrix and the labels mean.
    scratch : str
        The fit's scratch directory.
    """

    spark: SparkSession
    layout: L
    shards: ShardSet
    described: Described
    scratch: str

    @property
    def features(self) -> FeatureSchema:
        """What the matrix means."""
        return self.described.features

    @property
    def label(self) -> LabelSchema:
        """What the labels mean."""
        return self.described.label


@dataclass(frozen=True)
class Trained:
    """What a trainer gives back.

    Parameters
    ----------
    natives : mapping of str to bytes
        The model's native files.
    metrics : mapping
        Measures of the fit.
    history : list of dict
        Metrics by round or epoch.
    metadata : mapping
        What else the model's manifest is to hold.
    """

    natives: Mapping[str, bytes]
    metrics: Mapping[str, Any]
    history: list[dict[str, Any]]
    metadata: Mapping[str, Any] = field(default_factory=dict)


class EnsembleEstimator(
    Estimator[M], TableParams, DefaultParamsReadable[Any], DefaultParamsWritable, Generic[M, L]
):
    """Base class of all estimators.

    Parameters
    ----------
    **params
        Any param by name; `explainParams()` lists them with their defaults.
    """

    model_class: ClassVar[type[EnsembleModel]]
    predicts_numbers: ClassVar[bool] = False

    def __init__(self, **params: Any) -> None:
        super().__init__()
        self.setParams(**params)

    @abstractmethod
    def _lay_out(self, spark: SparkSession) -> L:
        """How the work lies on the cluster; refuses what can never fit."""

    @abstractmethod
    def _shard_count(self, spark: SparkSession, layout: L) -> int:
        """Shards to write for that layout."""

    def _settle(self, spark: SparkSession, layout: L, described: Described) -> L:
        """The final layout, when the table's size is known."""
        return layout

    @abstractmethod
    def _train(self, job: FitJob[L]) -> Trained:
        """Train on the shards."""

    def _fit(self, dataset: DataFrame) -> M:
        began = time.monotonic()

        def train(job: FitJob[L]) -> M:
            trained = self._train(job)
            metadata = self._metadata(trained, job.described, job.shards, time.monotonic() - began)
            return self._model(metadata, trained)

        return self._with_job(dataset, train)

    def _with_job(self, dataset: DataFrame, use: Callable[[FitJob[L]], T]) -> T:
        """Do something with the table as a fit has it, which lasts as long as that."""
        self.require_valid()
        columns = self._columns(dataset)
        spark = dataset.sparkSession
        layout = self._lay_out(spark)
        rows, columns = self._split(self._with_identity(dataset, columns), columns)
        described = self._described(rows, columns)
        features, label = described.features, described.label
        if columns.margin is not None:
            columns = replace(columns, margins=self._margins(described))
        layout = self._settle(spark, layout, described)
        with Scratch(self._scratch(spark), self.model_class.kind) as scratch:
            shards = write_shards(
                by_place(rows),
                uri=scratch.uri,
                count=self._shard_count(spark, layout),
                id_column=place_name(rows.columns.index(self._id_column)),
                layout=Layout(
                    features.width,
                    features.is_sparse,
                    columns.weight is not None,
                    columns.group is not None,
                    columns.keeps_groups,
                    columns.extras,
                ),
                group_column=(
                    None if columns.group is None else place_name(rows.columns.index(GROUP))
                ),
                encoder=partial(encode, features, label, columns, self._id_column, rows.columns),
            )
            _require_rows(shards, columns)
            return use(FitJob(spark, layout, shards, described, scratch.uri))

    def _columns(self, dataset: DataFrame) -> Columns:
        """The columns to read, checked against the schema."""
        typed = self.value("featuresCols")
        try:
            settings = ColumnsSettings(
                label=self.value("labelCol"),
                features=typed or None,
                vector=None if typed else self.value("featuresCol"),
                weight=self.value("weightCol"),
            )
        except ValidationError as error:
            problems = [detail["msg"].removeprefix("Value error, ") for detail in error.errors()]
            raise UserError(f"{type(self).__name__}: " + "; ".join(problems)) from None
        roles = check_roles(dataset, settings)
        validation = self.value("validationIndicatorCol") or None
        _require_type(dataset, "validationIndicatorCol", validation, BooleanType, "a boolean")
        _require_type(dataset, "rowIdCol", self.value("rowIdCol"), IntegralType, "a whole number")
        if self.predicts_numbers and isinstance(dataset.schema[roles.label].dataType, StringType):
            raise DataError(f"labelCol: {roles.label} is text; a regressor needs a number: cast it")
        group = self._group_column(dataset)
        return Columns(
            *(roles.features, roles.vector, roles.label, roles.weight, validation, group),
            is_number=self.predicts_numbers,
            **self._more_columns(dataset),
        )

    def _group_column(self, dataset: DataFrame) -> str | None:
        """The column of groups whose rows belong together, where the estimator has one."""
        return None

    def _split(self, rows: DataFrame, columns: Columns) -> tuple[DataFrame, Columns]:
        """Rows with their identity, of which some may be marked for validation."""
        return rows, columns

    def _described(self, rows: DataFrame, columns: Columns) -> Described:
        """What the table is; refuses what cannot be trained on."""
        return describe(rows, columns)

    def _margins(self, described: Described) -> int:
        """Base margins of a row, where a column gives them."""
        return 1

    def _more_columns(self, dataset: DataFrame) -> dict[str, Any]:
        """Further fields of `Columns` that the estimator's own params name, checked."""
        return {}

    @property
    def _id_column(self) -> str:
        return str(self.value("rowIdCol") or _ROW_ID)

    def _with_identity(self, dataset: DataFrame, columns: Columns) -> DataFrame:
        hashed = [] if columns.group is None else [_hash_of_group(columns.group)]
        if self.value("rowIdCol"):
            read = dict.fromkeys([*columns.read, self._id_column])
            return dataset.select(*map(column, read), *hashed)
        keys = self.value("keyCols") or []
        wanted = dataset.select(*map(column, dict.fromkeys([*columns.read, *keys])))
        named = with_row_id(wanted, columns=columns.read, key=keys, name=_ROW_ID)
        return named.select(*map(column, [*columns.read, _ROW_ID]), *hashed)

    def _scratch(self, spark: SparkSession) -> str:
        given = self.value("scratchDir")
        return qualified(spark, given) if given else default_scratch()

    def _metadata(
        self,
        trained: Trained,
        described: Described,
        shards: ShardSet,
        seconds: float,
    ) -> dict[str, Any]:
        params = {param.name: self.value(param.name) for param in self.params}
        return {
            "kind": self.model_class.kind,
            "class": f"{type(self).__module__}.{type(self).__name__}",
            "params": params,
            "seed": self.value("seed"),
            "features": described.features.to_json(),
            "label": described.label.to_json(),
            "data_fingerprint": shards.fingerprint,
            "rows": dict(shards.rows),
            "versions": installed(),
            "metrics": {"fit_seconds": round(seconds, 3), **trained.metrics},
            "history": [_finite(row) for row in trained.history],
            **trained.metadata,
        }

    def _model(self, metadata: dict[str, Any], trained: Trained) -> M:
        model: Any = self.model_class(metadata, trained.natives)
        model._resetUid(self.uid)
        for param in model.params:
            if self.hasParam(param.name) and self.isSet(param.name):
                model._set(**{param.name: self.value(param.name)})
        return cast(M, model)


def _hash_of_group(name: str) -> Column:
    """A number for each group; rows without one are a group of their own."""
    return F.xxhash64(column(name).cast("string"), column(name).isNull()).alias(GROUP)


def _finite(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the history for JSON, which has no NaN."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in row.items()
    }


def _require_type(
    dataset: DataFrame, param: str, name: str | None, kind: type[DataType], sentence: str
) -> None:
    if not name:
        return
    require(dataset, [name], param)
    found = dataset.schema[name].dataType
    if not isinstance(found, kind):
        raise DataError(f"{param}: {name} is {found.simpleString()}; it must be {sentence}")


def _require_rows(shards: ShardSet, columns: Columns) -> None:
    if not shards.rows["train"]:
        raise DataError("no training rows are left: every row is marked for validation")
    if columns.validation == HELD_OUT and not shards.rows["validation"]:
        raise DataError(
            f"validation_fraction holds out none of {shards.rows['train']} rows; give it a larger "
            "share, or mark rows in validationIndicatorCol"
        )
    if columns.validation is not None and not shards.rows["validation"]:
        raise DataError(f"no row is marked for validation in column {columns.validation}")

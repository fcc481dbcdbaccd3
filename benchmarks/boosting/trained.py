"""Who trains in a session: this package, xgboost.spark, MLlib."""

from __future__ import annotations

import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from sklearn.metrics import roc_auc_score

from benchmarks.bagging.contenders import MLlib as MllibForest
from benchmarks.bagging.contenders import frame_auc
from benchmarks.bagging.table import Table, encoded
from benchmarks.boosting.results import Timing
from pipeline.boosting import BoostingClassifier
from pipeline.data import flights
from pipeline.data.encoding import FeatureSchema
from pipeline.data.prepare import ROW_ID
from pipeline.estimators.estimator import FitJob, Trained

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

DEPTH, ETA = 6, 0.1
MLLIB_SHARE = 10
"""MLlib gets one of so many rounds, and its time is taken so many times."""


@dataclass(frozen=True)
class Noted:
    """What ours tells XGBoost: the columns, and the params."""

    features: FeatureSchema
    params: dict[str, Any]


class Trainer(ABC):
    """Made with everything that is outside of the timing."""

    @abstractmethod
    def fit(self, rounds: int) -> Timing:
        """Train so many rounds."""

    @abstractmethod
    def auc(self) -> float:
        """Area under the curve of the last model on the test rows."""

    def note(self) -> str:
        """What to know about the figures."""
        return ""


class Ours(Trainer):
    """This package."""

    def __init__(self, table: Table, settings: Mapping[str, Any]) -> None:
        self._table = table
        self._settings = settings
        self._model: Any = None

    def fit(self, rounds: int) -> Timing:
        began = time.monotonic()
        self._model = estimator(rounds=rounds, **self._settings).fit(self._table.train)
        seconds = time.monotonic() - began
        return Timing(seconds, loop=self._model.metrics["loop_seconds"])

    def auc(self) -> float:
        return frame_auc(self._model.transform(self._table.test))

    def note(self) -> str:
        metrics = self._model.metrics
        return (
            f"{metrics['workers']} x {metrics['threads']}; the last one's gang, start included, "
            f"{metrics['train_seconds']:.2f} s"
        )


class XgboostSpark(Trainer):
    """xgboost.spark."""

    def __init__(self, table: Table, noted: Noted, settings: Mapping[str, Any]) -> None:
        logging.getLogger("XGBoost-PySpark").setLevel(logging.WARNING)
        self._settings = settings
        self._noted = noted
        self._train = _coded(table.train, noted.features).cache()
        self._train.count()
        self._test = encoded(table.test, noted.features)
        categorical = set(noted.features.categorical)
        width = noted.features.width
        self._types = ["c" if place in categorical else "q" for place in range(width)]

    def fit(self, rounds: int) -> Timing:
        from xgboost.spark import SparkXGBClassifier

        params = self._noted.params
        classifier = SparkXGBClassifier(
            features_col=self._noted.features.names,
            label_col=flights.LABEL,
            feature_types=self._types,
            n_estimators=rounds,
            learning_rate=params["eta"],
            **{
                name: params[name]
                for name in ("tree_method", "max_depth", "max_bin", "min_child_weight")
            },
            reg_lambda=params["reg_lambda"],
            verbose=False,
            **self._settings,
        )
        began = time.monotonic()
        self._model = classifier.fit(self._train)
        return Timing(time.monotonic() - began)

    def auc(self) -> float:
        import xgboost as xgb

        rows = xgb.DMatrix(
            self._test.features,
            feature_names=self._noted.features.names,
            feature_types=self._types,
            enable_categorical=True,
        )
        shares = self._model.get_booster().predict(rows)
        return float(roc_auc_score(self._test.labels, shares))

    def note(self) -> str:
        return (
            "categories as categories (feature_types), coded beforehand; "
            f"{self._train.rdd.getNumPartitions()} partitions"
        )


class _MllibBoosted(MllibForest):
    """Rows prepared as for the forest."""

    def _learner(self, trees: int) -> Any:
        from pyspark.ml.classification import GBTClassifier

        return GBTClassifier(
            labelCol=flights.LABEL,
            maxIter=trees,
            maxDepth=DEPTH,
            stepSize=ETA,
            maxBins=self._max_bins,
            maxMemoryInMB=self._histogram_mb,
            seed=0,
        )


class Mllib(Trainer):
    """Spark MLlib's boosted trees, with an executor of `heap_mb` of heap."""

    def __init__(self, table: Table, schema: FeatureSchema, heap_mb: int) -> None:
        self._boosted = _MllibBoosted(table, schema, heap_mb)
        self._note = ""

    def fit(self, rounds: int) -> Timing:
        fewer = max(rounds // MLLIB_SHARE, 1)
        seconds = self._boosted.fit(fewer)
        self._note = (
            f"{fewer} rounds in {seconds:.1f} s, times {rounds / fewer:g}; AUC of the {fewer}"
        )
        return Timing(seconds * rounds / fewer, times=rounds / fewer)

    def auc(self) -> float:
        return self._boosted.auc()

    def note(self) -> str:
        return f"{self._note}; {self._boosted.note()}"


class _Noting(BoostingClassifier):
    """Ours, which keeps what it tells XGBoost."""

    noted: Noted

    def _train(self, job: FitJob[Any]) -> Trained:
        self.noted = Noted(job.features, self.native_params(job.described))
        return super()._train(job)


def estimator(kind: type[BoostingClassifier] = BoostingClassifier, **params: Any) -> Any:
    """Ours, as it is measured."""
    return kind(
        featuresCols=list(flights.FEATURES),
        labelCol=flights.LABEL,
        rowIdCol=ROW_ID,
        max_depth=DEPTH,
        eta=ETA,
        **params,
    )


def note(table: Table) -> Noted:
    """What ours tells XGBoost about this table; one round is trained for it."""
    found = estimator(_Noting, rounds=1)
    found.fit(table.train)
    noted: Noted = found.noted
    return noted


def _coded(frame: DataFrame, schema: FeatureSchema) -> DataFrame:
    """The rows as numbers, in the same partitions."""
    fields = ", ".join(f"`{name}` float" for name in [*schema.names, flights.LABEL])
    return frame.mapInArrow(partial(_encode, schema), fields)


def _encode(schema: FeatureSchema, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        matrix = np.asarray(schema.encode(batch))
        labels = batch.column(flights.LABEL).to_numpy(zero_copy_only=False)
        columns = [pa.array(np.ascontiguousarray(column)) for column in matrix.T]
        columns.append(pa.array(labels.astype(np.float32)))
        yield pa.record_batch(columns, names=[*schema.names, flights.LABEL])

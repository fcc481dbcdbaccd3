"""Who is measured: each trains so many trees, tells how long it took, and how well it judges."""

from __future__ import annotations

import statistics
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import joblib
import numpy as np
import numpy.typing as npt
import xgboost as xgb
from sklearn.ensemble import BaggingClassifier as SklearnBagging
from sklearn.metrics import roc_auc_score
from sklearn.tree import DecisionTreeClassifier

from benchmarks.bagging.options import MLLIB, SKLEARN
from benchmarks.bagging.results import IDEAL, OURS, START_UP
from benchmarks.bagging.table import Matrices, Table
from pipeline.bagging import BaggingClassifier
from pipeline.bagging.learners.learner import LearnerSpec
from pipeline.bagging.learners.trees import native_params
from pipeline.bagging.resampling import in_bag_counts
from pipeline.data import flights
from pipeline.data.encoding import FeatureSchema
from pipeline.data.prepare import ROW_ID

if TYPE_CHECKING:
    from pyspark.ml import PipelineModel
    from pyspark.sql import DataFrame

CORES = 2
DEPTH = 10
_SAMPLED_TREES = 10
# Below every measure of the table: the trees may tell missing ones from the rest.
_MISSING = -9999.0


class Contender(ABC):
    """A way to train bagged trees; made with everything that is outside the timing."""

    name: ClassVar[str]

    @abstractmethod
    def fit(self, trees: int) -> float:
        """Train; the seconds that count."""

    def auc(self) -> float | None:
        """Area under the curve of the last fit on the test rows; None: it has no model."""
        return None

    def note(self) -> str:
        """What to know about the figures."""
        return ""


class Ours(Contender):
    """This package."""

    name = OURS

    def __init__(self, table: Table) -> None:
        self._table = table
        self._model: Any = None

    def fit(self, trees: int) -> float:
        began = time.monotonic()
        self._model = estimator(trees).fit(self._table.train)
        return time.monotonic() - began

    def auc(self) -> float:
        return frame_auc(self._model.transform(self._table.test))

    def note(self) -> str:
        error = self._model.metrics.get("out_of_bag", {}).get("error")
        return "" if error is None else f"out-of-bag error {error:.4f}"


class StartUp(Ours):
    """This package, when there is next to nothing to train."""

    name = START_UP

    def fit(self, trees: int) -> float:
        return super().fit(1)

    def note(self) -> str:
        return "ours with one tree"


class Ideal(Contender):
    """The same trees by XGBoost alone, as if two cores did nothing else."""

    name = IDEAL

    def __init__(self, train: Matrices, schema: FeatureSchema) -> None:
        spec = LearnerSpec("xgboost", estimator(1).tree_params(), schema, 2)
        self._params = {**native_params(spec), "nthread": 1}
        categorical = set(schema.categorical)
        self._rows = xgb.QuantileDMatrix(
            train.features,
            train.labels,
            max_bin=int(self._params["max_bin"]),
            feature_types=["c" if at in categorical else "q" for at in range(schema.width)],
            enable_categorical=True,
            nthread=1,
        )
        self._samples = [
            in_bag_counts(0, tree, len(train.labels)).astype(np.float32)
            for tree in range(_SAMPLED_TREES)
        ]
        self._tree_s = self._scores_s = 0.0

    def fit(self, trees: int) -> float:
        timed = [self._grow(sample) for sample in self._samples]
        self._tree_s, self._scores_s = (
            statistics.median(times) for times in zip(*timed, strict=True)
        )
        return self._tree_s * trees / CORES

    def _grow(self, sample: npt.NDArray[np.float32]) -> tuple[float, float]:
        """Seconds to grow a tree, and to score all training rows with it."""
        began = time.monotonic()
        self._rows.set_weight(sample)
        booster = xgb.train(self._params, self._rows, num_boost_round=1)
        grown = time.monotonic()
        booster.predict(self._rows)
        return grown - began, time.monotonic() - grown

    def note(self) -> str:
        return (
            f"a tree {self._tree_s:.3f} s on one core, median of {_SAMPLED_TREES}; its scores of "
            f"all rows, not counted, {self._scores_s:.3f} s"
        )


class Sklearn(Contender):
    """scikit-learn."""

    name = SKLEARN

    def __init__(self, train: Matrices, test: Matrices) -> None:
        self._train = train
        self._test = test

    def fit(self, trees: int) -> float:
        tree = DecisionTreeClassifier(max_depth=DEPTH)
        self._model = SklearnBagging(tree, n_estimators=trees, n_jobs=CORES, random_state=0)
        began = time.monotonic()
        # Its trees do not take the read-only maps that joblib makes of large matrices.
        with joblib.parallel_config(max_nbytes=None):
            self._model.fit(self._train.features, self._train.labels)
        return time.monotonic() - began

    def auc(self) -> float:
        with joblib.parallel_config(max_nbytes=None):
            shares = self._model.predict_proba(self._test.features)[:, 1]
        return float(roc_auc_score(self._test.labels, shares))


class MLlib(Contender):
    """Spark MLlib, in the session that ours has, with an executor of `memory_mb` of heap."""

    name = MLLIB

    def __init__(self, table: Table, schema: FeatureSchema, memory_mb: int) -> None:
        self._memory_mb = memory_mb
        numbers = [item.name for item in schema.features if item.kind != "categorical"]
        stages = _assembly(schema).fit(table.train.fillna(_MISSING, numbers))
        self._train, self._test = (
            _assembled(stages, frame.fillna(_MISSING, numbers))
            for frame in (table.train, table.test)
        )
        # Categories as the indexer counts them, and one for the missing.
        sizes = [len(item.categories) + 1 for item in schema.features]
        self._max_bins = max(*sizes, 32)

    def fit(self, trees: int) -> float:
        learner = self._learner(trees)
        began = time.monotonic()
        self._model = learner.fit(self._train)
        return time.monotonic() - began

    def _learner(self, trees: int) -> Any:
        from pyspark.ml.classification import RandomForestClassifier

        return RandomForestClassifier(
            labelCol=flights.LABEL,
            numTrees=trees,
            maxDepth=DEPTH,
            featureSubsetStrategy="all",
            subsamplingRate=1.0,
            bootstrap=True,
            maxBins=self._max_bins,
            maxMemoryInMB=self._histogram_mb,
            seed=0,
        )

    @property
    def _histogram_mb(self) -> int:
        """Memory for nodes that are split together: more of it means fewer passes."""
        return self._memory_mb // 8

    def auc(self) -> float:
        return frame_auc(self._model.transform(self._test))

    def note(self) -> str:
        return (
            f"executor heap {self._memory_mb} MiB, maxMemoryInMB {self._histogram_mb}, "
            f"maxBins {self._max_bins}"
        )


def estimator(trees: int) -> Any:
    """Ours, as it is measured."""
    return BaggingClassifier(
        featuresCols=list(flights.FEATURES),
        labelCol=flights.LABEL,
        rowIdCol=ROW_ID,
        replicas=trees,
        max_depth=DEPTH,
    )


def _assembly(schema: FeatureSchema) -> Any:
    from pyspark.ml import Pipeline
    from pyspark.ml.feature import StringIndexer, VectorAssembler

    kinds = {item.name: item.kind for item in schema.features}
    texts = [name for name, kind in kinds.items() if kind == "categorical"]
    codes = [f"{name}_code" for name in texts]
    renamed = dict(zip(texts, codes, strict=True))
    inputs = [renamed.get(name, name) for name in kinds]
    return Pipeline(
        stages=[
            StringIndexer(inputCols=texts, outputCols=codes, handleInvalid="keep"),
            VectorAssembler(inputCols=inputs, outputCol="features"),
        ]
    )


def _assembled(stages: PipelineModel, frame: DataFrame) -> DataFrame:
    rows = stages.transform(frame).select(flights.LABEL, "features")
    rows = rows.repartition(CORES).cache()
    rows.count()
    return rows


def frame_auc(scored: DataFrame) -> float:
    from pyspark.ml.functions import vector_to_array
    from pyspark.sql import functions as F  # noqa: N812

    share = vector_to_array(F.col("probability"))[1].alias("share")
    rows: Any = scored.select(flights.LABEL, share).toPandas()
    return float(roc_auc_score(rows[flights.LABEL], rows["share"]))

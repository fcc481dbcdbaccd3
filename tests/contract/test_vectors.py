"""What all three estimators promise of vectors, of more than two classes, and of weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pyspark.ml import Pipeline, PipelineModel
from pyspark.ml.feature import VectorAssembler
from pyspark.ml.functions import array_to_vector, vector_to_array
from pyspark.ml.linalg import DenseVector, SparseVector
from pyspark.sql import DataFrame, SparkSession

from pipeline.estimators.model import EnsembleModel
from tests.estimators.samples import Trainer, probabilities


@pytest.fixture(scope="module")
def piped(trainer: Trainer, rows: DataFrame) -> PipelineModel:
    """Three integer classes, dense vectors, inside a Pipeline."""
    assembled = VectorAssembler(inputCols=["a", "b"], outputCol="v", handleInvalid="keep")
    return Pipeline(stages=[assembled, trainer.make(featuresCol="v", labelCol="three")]).fit(rows)


def test_three_integer_classes_from_dense_vectors(piped: PipelineModel, rows: DataFrame) -> None:
    model = piped.stages[-1]
    assert isinstance(model, EnsembleModel)
    assert model.classes == (1.0, 2.0, 7.0)
    assert not model.features.is_sparse
    found = piped.transform(rows).toPandas()
    probability = np.array([row.toArray() for row in found["probability"]])
    assert probability.shape == (400, 3)
    assert ((probability >= 0) & (probability <= 1)).all()
    assert np.allclose(probability.sum(axis=1), 1)
    assert (np.array([1, 2, 7])[probability.argmax(axis=1)] == found["prediction"]).all()
    assert (found["prediction"] == found["three"]).mean() > 0.85


def test_a_pipeline_model_is_saved_and_loaded(
    piped: PipelineModel, rows: DataFrame, tmp_path: Path
) -> None:
    piped.save(str(tmp_path / "piped"))
    loaded = PipelineModel.load(str(tmp_path / "piped"))
    assert type(loaded.stages[-1]) is type(piped.stages[-1])
    assert (probabilities(loaded.transform(rows)) == probabilities(piped.transform(rows))).all()


def test_a_vector_of_another_length_is_a_clear_error(
    piped: PipelineModel, spark: SparkSession
) -> None:
    longer = spark.createDataFrame([(1, DenseVector([1.0, 2.0, 3.0]))], ["id", "v"])
    with pytest.raises(Exception, match="column v: vectors of length 3, not 2"):
        piped.stages[-1].transform(longer).collect()


@pytest.fixture(scope="module")
def vectors(spark: SparkSession) -> DataFrame:
    """Sparse vectors whose fourth entry is the truth; half the labels are lies of weight 0."""
    rng = np.random.default_rng(3)
    records = []
    for number in range(400):
        places = sorted(rng.choice(10, size=3, replace=False).tolist())
        truth = 3 in places
        lies = number % 2 == 0
        vector = SparseVector(10, places, rng.uniform(1, 2, size=3).tolist())
        records.append((number, vector, truth, truth != lies, 0.0 if lies else 2.0))
    return spark.createDataFrame(records, ["id", "features", "truth", "told", "weight"]).cache()


@pytest.fixture(scope="module")
def weighted(trainer: Trainer, vectors: DataFrame) -> EnsembleModel:
    return trainer.make(labelCol="told", weightCol="weight").fit(vectors)


def test_rows_of_weight_zero_teach_nothing(weighted: EnsembleModel, vectors: DataFrame) -> None:
    assert weighted.classes == (0.0, 1.0)  # of a boolean label
    found = weighted.transform(vectors).toPandas()
    assert (found["prediction"] == found["truth"]).mean() > 0.95


def test_sparse_vectors_stay_sparse_and_mean_the_same_as_dense_ones(
    weighted: EnsembleModel, vectors: DataFrame
) -> None:
    assert weighted.features.is_sparse
    assert weighted.features.width == 10
    dense = vectors.withColumn("features", array_to_vector(vector_to_array("features")))
    plain = vectors.withColumn("features", vector_to_array("features"))
    expected = probabilities(weighted.transform(vectors))
    assert np.allclose(probabilities(weighted.transform(dense)), expected)
    assert np.allclose(probabilities(weighted.transform(plain)), expected)

"""What knows nothing but the training rows: TF-IDF of single words, under two learners."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from benchmarks.text_demo.contenders import Contender, last_stage
from benchmarks.text_demo.rows import ID, LABEL, TEXT
from benchmarks.text_demo.tables import IS_VALIDATION, Tables

if TYPE_CHECKING:
    from pyspark.ml import PipelineModel
    from pyspark.ml.base import Transformer

FEATURES = "features"


def _words() -> list[Any]:
    """Rows of unit length, as scikit-learn's TF-IDF makes them."""
    from pyspark.ml.feature import IDF, CountVectorizer, Normalizer, RegexTokenizer

    return [
        RegexTokenizer(inputCol=TEXT, outputCol="words", gaps=False, pattern="[a-z0-9']+"),
        CountVectorizer(inputCol="words", outputCol="counts"),
        IDF(inputCol="counts", outputCol="weighted"),
        Normalizer(inputCol="weighted", outputCol=FEATURES),
    ]


def _logistic(tables: Tables, params: Mapping[str, Any], _seed: int) -> PipelineModel:
    from pyspark.ml import Pipeline
    from pyspark.ml.classification import LogisticRegression

    learner = LogisticRegression(featuresCol=FEATURES, labelCol=LABEL, **params)
    return Pipeline(stages=[*_words(), learner]).fit(tables.train)


def _weights(model: PipelineModel) -> int:
    return int(last_stage(model).numFeatures) + 1


def _boosting(tables: Tables, params: Mapping[str, Any], seed: int) -> PipelineModel:
    from pyspark.ml import Pipeline, PipelineModel

    from pipeline.boosting import BoostingClassifier

    # Words and their weights are those of the training rows alone.
    words = Pipeline(stages=_words()).fit(tables.train)
    learner = BoostingClassifier(
        featuresCol=FEATURES,
        labelCol=LABEL,
        rowIdCol=ID,
        validationIndicatorCol=IS_VALIDATION,
        checkpoint_rounds=0,
        seed=seed,
        **params,
    )
    stages: list[Transformer] = [*words.stages, learner.fit(words.transform(tables.learning))]
    return PipelineModel(stages=stages)


def _nodes(model: PipelineModel) -> int:
    """A split or a leaf is a number that was found."""
    return len(last_stage(model).get_booster().trees_to_dataframe())


BASELINES = (
    Contender(
        "tfidf_logistic",
        "TF-IDF and logistic regression (Spark ML)",
        {"maxIter": 200, "standardization": False},
        ({"regParam": 3e-4}, {"regParam": 6e-5}),
        _logistic,
        _weights,
    ),
    Contender(
        "tfidf_boosting",
        "TF-IDF and boosted trees",
        {"rounds": 400, "early_stopping_rounds": 40},
        ({"max_depth": 6, "eta": 0.1}, {"max_depth": 3, "eta": 0.3}),
        _boosting,
        _nodes,
    ),
)

"""Made-up results that look like those of real trainings."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.report.evaluation import BinnedCounts, Evaluation
from pipeline.report.model_card import ModelResult

ROWS = {"train": 24_000, "validation": 8_000, "test": 8_000}


def binary(rows: int, spread: float, seed: int = 1) -> Evaluation:
    """An evaluation of two classes; the larger the spread, the better the model."""
    rng = np.random.default_rng(seed)
    labels = (rng.random(rows) < 0.25).astype(int)
    scores = 1 / (1 + np.exp(-(rng.normal(size=rows) + spread * (labels - 0.5) - 1.1)))
    counts = [np.histogram(scores[labels == kind], 1000, (0, 1))[0] for kind in (0, 1)]
    predicted = (scores > 0.5).astype(int)
    own = np.where(labels == 1, scores, 1 - scores)
    ranks = scores.argsort().argsort() + 1
    positives = labels.sum()
    area = (ranks[labels == 1].sum() - positives * (positives + 1) / 2) / (
        positives * (rows - positives)
    )
    cells = [[int(((labels == a) & (predicted == b)).sum()) for b in (0, 1)] for a in (0, 1)]
    return Evaluation(
        rows=rows,
        auc=float(area),
        log_loss=float(-np.log(own).mean()),
        accuracy=float((predicted == labels).mean()),
        curves=BinnedCounts(tuple(counts[0].tolist()), tuple(counts[1].tolist())),
        confusion=tuple(map(tuple, cells)),
        classes=("0.0", "1.0"),
    )


def plain(auc: float, log_loss: float = 0.5, accuracy: float = 0.8, rows: int = 100) -> Evaluation:
    """An evaluation with given scores and without counts."""
    return Evaluation(rows=rows, auc=auc, log_loss=log_loss, accuracy=accuracy)


def with_test(name: str, auc: float, seconds: float | None = 10.0, **scores: Any) -> ModelResult:
    """A model with given test scores."""
    metrics = {} if seconds is None else {"fit_seconds": seconds}
    return ModelResult(name, {"metrics": metrics}, {"test": plain(auc, **scores)})


def three() -> list[ModelResult]:
    """A bag, a boosted model and a net, trained on one table."""
    return [
        _model("bagging", [2.6, 1.35, 1.3], _bagging()),
        _model("boosting", [1.75, 1.52, 1.5], _boosting()),
        _model("deep", [1.45, 1.38, 1.4], _deep()),
    ]


def _model(name: str, spreads: list[float], metadata: dict[str, Any]) -> ModelResult:
    evaluations = {
        split: binary(rows, spread, seed=at)
        for at, ((split, rows), spread) in enumerate(zip(ROWS.items(), spreads, strict=True))
    }
    shared = {
        "seed": 20240501,
        "data_fingerprint": "sha256:5d0f3b9a1c77e2f4",
        "features": ["dep_delay", "distance", "carrier", "origin", "dest", "hour", "wind_speed"],
    }
    return ModelResult(name, {**shared, **metadata}, evaluations)


def _bagging() -> dict[str, Any]:
    return {
        "class": "BaggingClassifier",
        "params": {"trees": 300, "max_depth": 18, "sample_fraction": 1.0, "features": "sqrt"},
        "versions": {"python": "3.11.9", "spark": "3.5.9", "xgboost": "3.2.0"},
        "metrics": {
            "fit_seconds": 48.2,
            "out_of_bag": {"error": 0.2135, "rows_without_vote": 3},
            "history": [
                {"replicas": count, "out_of_bag.error": 0.2135 + 0.12 * (1 / count - 1 / 300)}
                for count in (1, 2, 4, 8, 16, 32, 64, 128, 300)
            ],
        },
        "importance": [
            {"feature": "dep_delay", "increase": 0.12, "deviation": 0.002},
            {"feature": "carrier", "increase": 0.01, "deviation": 0.001},
            {"feature": "hour", "increase": -0.0004, "deviation": 0.0005},
        ],
    }


def _boosting() -> dict[str, Any]:
    history = [
        {
            "round": at,
            "train.logloss": 0.42 + 0.25 * np.exp(-at / 40) - 0.0003 * at,
            "validation.logloss": 0.47 + 0.2 * np.exp(-at / 35) + 2e-7 * (at - 180) ** 2,
        }
        for at in range(260)
    ]
    return {
        "class": "BoostingClassifier",
        "params": {"eta": 0.1, "max_depth": 6, "rounds": 500, "early_stopping_rounds": 40},
        "versions": {"python": "3.11.9", "spark": "3.5.9", "xgboost": "3.2.0"},
        "metrics": {"fit_seconds": 31.7, "best_iteration": 219, "history": history},
    }


def _deep() -> dict[str, Any]:
    history = [
        {
            "epoch": at,
            "train.loss": 0.44 + 0.2 * np.exp(-at / 4),
            "validation.loss": 0.46 + 0.17 * np.exp(-at / 4) + 1e-4 * at,
            "validation.auc": 0.78 - 0.12 * np.exp(-at / 3),
            "seconds": 11.2,
        }
        for at in range(30)
    ]
    return {
        "class": "DeepClassifier",
        "params": {"hidden": [256, 128, 64], "dropout": 0.2, "batch_size": 1024, "lr": 0.001},
        "versions": {"python": "3.11.9", "spark": "3.5.9", "mxnet": "1.9.1"},
        "metrics": {"fit_seconds": 402.9, "best_epoch": 24, "history": history},
    }


def context() -> dict[str, Any]:
    """What the report says of its origin."""
    return {
        "data_fingerprint": "sha256:5d0f3b9a1c77e2f4",
        "seed": 20240501,
        "split": {"kind": "random", "shares": {"train": 0.6, "validation": 0.2, "test": 0.2}},
        "versions": {"emr-ensembles": "1.0.0", "spark": "3.5.9"},
        "date": "2024-05-01T12:00:00+00:00",
    }

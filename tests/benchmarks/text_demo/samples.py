"""Results of three seeds, as the search leaves them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.text_demo.contenders import contenders
from benchmarks.text_demo.report import Found

MEANS = {
    "fine_tune": 0.80,
    "frozen_then_fine_tune": 0.81,
    "frozen": 0.75,
    "from_scratch": 0.65,
    "as_is": 0.62,
    "tfidf_logistic": 0.70,
    "tfidf_boosting": 0.64,
}


def results(means: Mapping[str, float], seeds: int = 3) -> list[dict[str, Any]]:
    return [
        {name: _result(mean + 0.002 * (seed - 1)) for name, mean in means.items()}
        for seed in range(seeds)
    ]


def found(means: Mapping[str, float], seeds: int = 3) -> Found:
    context = {
        "test_rows": 1500,
        "seeds": list(range(seeds)),
        "settings_each": 2,
        "scratch_epochs_factor": 2,
        "machine": "2 cores <x86_64>",
    }
    return Found(contenders(), results(means, seeds), context)


def _result(test: float) -> dict[str, Any]:
    trials = [{"validation": test - 0.01, "seconds": 20.0}, {"validation": test, "seconds": 30.0}]
    return {
        "chosen": 1,
        "trials": trials,
        "test": test,
        "seconds": 30.0,
        "search_seconds": 50.0,
        "trained": 770,
    }

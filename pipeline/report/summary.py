"""The report as data: what `report.json` holds, under paths that stay the same."""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pipeline.report.champion import ReportedChampion
from pipeline.report.evaluation import Evaluation
from pipeline.report.model_card import ModelResult
from pipeline.report.verdict import verdict

FORMAT = 1


def summary(
    results: Sequence[ModelResult],
    *,
    title: str,
    context: Mapping[str, Any],
    champion: ReportedChampion | None = None,
) -> dict[str, Any]:
    """Gather the report's numbers as JSON values; what does not exist is None.

    Parameters
    ----------
    results : sequence of ModelResult
        The models.
    title : str
        The report's title.
    context : mapping
        How the numbers were made; taken over under `context`.
    champion : ReportedChampion, optional
        The present champion. It stands among `models` and in the verdict; `best` names the best
        of the others.
    """
    rows = [*results, *(champion.results if champion else [])]
    data = {
        "format": FORMAT,
        "title": title,
        "verdict": verdict(rows),
        "best": {
            "by_test_auc": _best(results, "auc", sign=-1),
            "by_test_log_loss": _best(results, "log_loss", sign=1),
        },
        "models": {result.name: _model(result) for result in rows},
        "champion": champion.to_json() if champion else None,
        "notes": notes(results, champion),
        "context": context,
    }
    plain: dict[str, Any] = plain_value(data)
    return plain


def to_json(data: Mapping[str, Any]) -> bytes:
    """The data as strict JSON: a NaN that slipped in raises ValueError."""
    text = json.dumps(data, allow_nan=False, ensure_ascii=False, indent=2)
    return (text + "\n").encode()


def notes(results: Sequence[ModelResult], champion: ReportedChampion | None = None) -> list[str]:
    """Reasons to doubt the comparison, as sentences; usually none."""
    prints = {
        result.name: str(result.metadata["data_fingerprint"])
        for result in results
        if result.metadata.get("data_fingerprint")
    }
    found = []
    if len(set(prints.values())) > 1:
        found.append(
            f"The models were not all trained on the same data: the fingerprints of "
            f"{', '.join(prints)} differ."
        )
    without = [result.name for result in results if "test" not in result.evaluations]
    if without:
        found.append(f"No test rows were scored for {', '.join(without)}.")
    broken = [
        result.name
        for result in results
        if any(math.isnan(one.log_loss) for one in result.evaluations.values())
    ]
    if broken:
        found.append(f"Some probabilities of {', '.join(broken)} are not numbers.")
    return [*found, *(champion.notes if champion else ())]


def plain_value(value: Any) -> Any:
    """The value as JSON knows it: no NaN, no infinity, no numpy, text for anything else."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain_value(part) for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset | np.ndarray):
        return [plain_value(part) for part in value]
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value)


def _best(results: Sequence[ModelResult], measure: str, *, sign: int) -> str | None:
    """The first of the best models; unlike in the verdict, near is not level."""
    scored = [result for result in results if math.isfinite(result.score("test", measure))]
    if not scored:
        return None
    return min(scored, key=lambda result: sign * result.score("test", measure)).name


def _model(result: ModelResult) -> dict[str, Any]:
    entry: dict[str, Any] = {
        split: _scores(evaluation) for split, evaluation in result.evaluations.items()
    }
    entry |= {
        "gap": {"auc": result.auc_gap},
        "fit_seconds": result.fit_seconds,
        "best_step": result.best_step,
        "features": len(result.features) or None,
    }
    for key in ("class", "digest", "params", "seed", "versions", "data_fingerprint"):
        entry[key] = result.metadata.get(key)
    if result.out_of_bag:
        entry["out_of_bag"] = result.out_of_bag
    return entry


def _scores(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "rows": evaluation.rows,
        "auc": evaluation.auc,
        "log_loss": evaluation.log_loss,
        "accuracy": evaluation.accuracy,
    }

"""One sentence from the numbers; it says only what is true of them, for any numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pipeline.report.comparison import TIE, duration
from pipeline.report.model_card import ModelResult

_SAME_TIME = 1.1
"""Training times within this factor are called about equal."""


def verdict(results: Sequence[ModelResult]) -> str:
    """Say which model is best on the test rows, by how much, and which took longest.

    Parameters
    ----------
    results : sequence of ModelResult
        One or more models.
    """
    if len(results) == 1:
        return _alone(results[0])
    clauses = [_auc(results), _log_loss(results), _time(results)]
    return "; ".join(clause for clause in clauses if clause) + "."


def join(names: Sequence[str]) -> str:
    """Names as a list in a sentence."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def leaders(
    results: Sequence[ModelResult], measure: str, *, highest: bool
) -> tuple[list[ModelResult], list[ModelResult]]:
    """Models that are level with the best on the test rows, and the others, best first.

    Models without the score are in neither list.
    """
    sign = -1.0 if highest else 1.0
    scored = [result for result in results if math.isfinite(result.score("test", measure))]
    ranked = sorted(scored, key=lambda result: sign * result.score("test", measure))
    if not ranked:
        return [], []
    best = ranked[0].score("test", measure)
    level = [result for result in ranked if abs(result.score("test", measure) - best) <= TIE]
    return level, ranked[len(level) :]


def _auc(results: Sequence[ModelResult]) -> str:
    level, others = leaders(results, "auc", highest=True)
    if not level:
        return "no model has a test AUC"
    best = level[0].score("test", "auc")
    names = join([result.name for result in level])
    missing = [r.name for r in results if not math.isfinite(r.score("test", "auc"))]
    without = f" ({join(missing)} {_has(missing)} none)" if missing else ""
    if len(level) == 1 and not others:
        return f"{names} is the only model with a test AUC ({best:.3f}){without}"
    if not others:
        return f"{names} are level on test AUC ({best:.3f}){without}"
    lead = best - others[0].score("test", "auc")
    margin = f"{lead:.3f} above {others[0].name}"
    if len(level) == 1:
        return f"{names} has the best test AUC ({best:.3f}), {margin}{without}"
    return f"{names} share the best test AUC ({best:.3f}), {margin}{without}"


def _log_loss(results: Sequence[ModelResult]) -> str:
    level, others = leaders(results, "log_loss", highest=False)
    if not level or len(level) + len(others) < 2:
        return ""
    best = level[0].score("test", "log_loss")
    names = join([result.name for result in level])
    if not others:
        return f"{names} are level on log loss ({best:.3f})"
    if len(level) > 1:
        return f"{names} share the lowest log loss ({best:.3f})"
    by_auc, _ = leaders(results, "auc", highest=True)
    also = "also " if [result.name for result in by_auc] == [level[0].name] else ""
    return f"{names} {also}has the lowest log loss ({best:.3f})"


def _time(results: Sequence[ModelResult]) -> str:
    timed = sorted(
        (result for result in results if math.isfinite(result.fit_seconds)),
        key=lambda result: result.fit_seconds,
    )
    if len(timed) < 2:
        return ""
    shortest, longest = timed[0], timed[-1]
    slow = [r for r in timed if r.fit_seconds * _SAME_TIME >= longest.fit_seconds]
    if len(slow) == len(timed):
        return "training took about equally long"
    times = f"{duration(longest.fit_seconds)}, against {duration(shortest.fit_seconds)}"
    names = join([result.name for result in slow])
    return f"{names} took longest to train ({times} for {shortest.name})"


def _alone(result: ModelResult) -> str:
    parts = [
        f"{title} {result.score('test', measure):.3f}"
        for measure, title in (("auc", "AUC"), ("log_loss", "log loss"), ("accuracy", "accuracy"))
        if math.isfinite(result.score("test", measure))
    ]
    if not parts:
        return f"{result.name} has no test scores."
    return f"{result.name} reaches {join(parts)} on the test rows; no other model to compare with."


def _has(names: list[str]) -> str:
    return "has" if len(names) == 1 else "have"

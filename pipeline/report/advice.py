"""Short guidance for choosing a model, tied to the numbers at hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.report.comparison import duration
from pipeline.report.curves import auc_margin
from pipeline.report.model_card import ModelResult
from pipeline.report.verdict import join, leaders

_GAP_SMALL = 0.01
_GAP_LARGE = 0.05


@dataclass(frozen=True)
class Tip:
    """One point of view for the choice."""

    title: str
    text: str


def advice(results: Sequence[ModelResult]) -> list[Tip]:
    """Guidance on ranking, probabilities, overfitting and cost.

    Parameters
    ----------
    results : sequence of ModelResult
        One or more models; a point without numbers is left out.
    """
    tips = [_ranking(results), _probabilities(results), _overfitting(results), _cost(results)]
    return [tip for tip in tips if tip is not None]


def _ranking(results: Sequence[ModelResult]) -> Tip | None:
    level, others = leaders(results, "auc", highest=True)
    if not level:
        return None
    names = [result.name for result in level]
    text = f"To rank rows (which to look at first), take the highest test AUC: {join(names)}."
    margin = max(_margins(level + others), default=math.nan)
    if math.isfinite(margin):
        rows = level[0].evaluations["test"].rows
        text += (
            f" With {rows:,} test rows one model's AUC is known to about ±{_small(margin)}, "
            "so do not decide by differences much smaller than that."
        )
    return Tip("Ranking", text)


def _margins(results: Sequence[ModelResult]) -> list[float]:
    margins = [auc_margin(result.evaluations["test"]) for result in results]
    return [margin for margin in margins if math.isfinite(margin)]


def _small(value: float) -> str:
    return f"{value:.3f}" if value >= 0.0005 else f"{value:.1g}"


def _probabilities(results: Sequence[ModelResult]) -> Tip | None:
    level, _ = leaders(results, "log_loss", highest=False)
    if not level:
        return None
    names = [result.name for result in level]
    return Tip(
        "Probabilities",
        "If the probability itself is used (expected cost, a threshold fixed in advance), take the "
        f"lowest log loss: {join(names)}; then see in the calibration that it follows the diagonal "
        "where your threshold lies.",
    )


def _overfitting(results: Sequence[ModelResult]) -> Tip | None:
    gaps = [(result, result.auc_gap) for result in results if math.isfinite(result.auc_gap)]
    if not gaps:
        return None
    large = [result for result, gap in gaps if gap > _GAP_LARGE]
    some = [result for result, gap in gaps if _GAP_SMALL < gap <= _GAP_LARGE]
    small = [result for result, gap in gaps if gap <= _GAP_SMALL]
    parts = []
    if small:
        parts.append(f"{_names(small)}: no sign of it, the gap is at most {_GAP_SMALL}.")
    if some:
        parts.append(f"{_names(some)}: a moderate gap.")
    if large:
        parts.append(
            f"{_names(large)}: a gap above {_GAP_LARGE}; more rows, stronger regularisation or "
            "fewer rounds may raise the test AUC."
        )
    bagged = [result for result in large if math.isfinite(result.out_of_bag_error)]
    if bagged:
        parts.append(
            f"Deep trees of a bag nearly repeat their training rows, so for {join(_all(bagged))} "
            "look at the out-of-bag error rather than at the gap."
        )
    return Tip("Overfitting", " ".join(parts))


def _cost(results: Sequence[ModelResult]) -> Tip | None:
    timed = [result for result in results if math.isfinite(result.fit_seconds)]
    if len(timed) < 2:
        return None
    fastest = min(timed, key=lambda result: result.fit_seconds)
    text = f"{fastest.name} trains in the shortest time ({duration(fastest.fit_seconds)})."
    level, _ = leaders(results, "auc", highest=True)
    if level and fastest not in level:
        loss = level[0].score("test", "auc") - fastest.score("test", "auc")
        if math.isfinite(loss):
            text += (
                f" It gives up {loss:.3f} of test AUC against {level[0].name}: worth it when the "
                "model is trained anew often, hardly when it is trained once."
            )
    elif level:
        text += " It gives up no test AUC for it."
    return Tip("Cost", text)


def _names(results: Sequence[ModelResult]) -> str:
    return join([f"{result.name} ({result.auc_gap:+.3f})" for result in results])


def _all(results: Sequence[ModelResult]) -> list[str]:
    return [result.name for result in results]

"""Figures of bagged models: the out-of-bag error by number of replicas, and columns' importance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.ticker import MaxNLocator

from pipeline.report.drawing import INK, Look, Plot, bar_text, figure, label, to_svg
from pipeline.report.model_card import ModelResult, number

STEP, ERROR = "replicas", "out_of_bag.error"
_BARS = 15


def bagged_plots(results: Sequence[ModelResult], styles: Mapping[str, Look]) -> list[Plot]:
    """The figures of every model that noted an out-of-bag error or an importance.

    Parameters
    ----------
    results : sequence of ModelResult
        The models.
    styles : mapping of str to Look
        By model.
    """
    made = []
    for at, result in enumerate(results):
        curve = _curve(result)
        if len(curve) > 1:
            made.append(_curve_plot(result, curve, styles[result.name], f"replicas{at}"))
        bars = _importance(result)
        if bars:
            made.append(_importance_plot(result, bars, styles[result.name], f"importance{at}"))
    return made


def _curve(result: ModelResult) -> list[tuple[float, float]]:
    points = [(number(row.get(STEP)), number(row.get(ERROR))) for row in result.history]
    return [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]


def _curve_plot(
    result: ModelResult, curve: list[tuple[float, float]], look: Look, key: str
) -> Plot:
    xs, ys = zip(*curve, strict=True)
    test = 1 - result.score("test", "accuracy")
    with figure(height=3.2) as drawn:
        axes = drawn.subplots()
        axes.plot(xs, ys, color=look.colour, marker=look.marker, ms=4, label="out-of-bag")
        if math.isfinite(test):
            axes.axhline(test, color=INK, linewidth=1, linestyle=(0, (2, 2)), label="test rows")
        axes.set(xlabel="Replicas", ylabel="Error (share of rows)")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(loc="best")
        svg = to_svg(drawn, key)
    best = min(ys)
    enough = next(x for x, y in curve if y <= best * 1.01)
    return Plot(
        key,
        f"Replicas of {result.name}",
        svg,
        f"Out-of-bag error of {result.name}: {ys[0]:.3f} with {xs[0]:.0f} replicas, {ys[-1]:.3f} "
        f"with {xs[-1]:.0f}.",
        f"Where the line is flat, more replicas only cost time: {enough:.0f} come within 1 % of "
        "the lowest error. With few replicas a row is judged by very few of them, so the line "
        "starts high.",
    )


def _importance(result: ModelResult) -> list[tuple[str, float, float]]:
    rows = result.metadata.get("importance")
    if not isinstance(rows, list | tuple):
        return []
    read: list[tuple[str, float, float]] = [
        (str(row.get("feature")), number(row.get("increase")), number(row.get("deviation")))
        for row in rows
        if isinstance(row, Mapping)
    ]
    return [row for row in read if math.isfinite(row[1])][:_BARS]


def _importance_plot(
    result: ModelResult, bars: list[tuple[str, float, float]], look: Look, key: str
) -> Plot:
    with figure(height=1.0 + 0.32 * len(bars)) as drawn:
        axes = drawn.subplots()
        style: dict[str, Any] = {"ecolor": INK, "error_kw": {"elinewidth": 1}}
        for at, (_, increase, deviation) in enumerate(bars):
            error = 2 * deviation if math.isfinite(deviation) else 0.0
            axes.barh(at, increase, 0.6, xerr=error, color=look.colour, lw=0, **style)
            bar_text(axes, max(increase, 0.0) + error, at, f"{increase:.4f}")
        most = max(increase + 2 * deviation for _, increase, deviation in bars)
        axes.set_xlim(min(0.0, *(bar[1] for bar in bars)), max(most, 1e-9) * 1.2)
        axes.set_yticks(range(len(bars)), [label(name) for name, _, _ in bars], color=INK)
        axes.invert_yaxis()
        axes.grid(False, axis="y")
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("Increase of the out-of-bag error when the column is shuffled")
        svg = to_svg(drawn, key)
    listed = ", ".join(f"{name} {increase:.4f}" for name, increase, _ in bars[:5])
    return Plot(
        key,
        f"Columns of {result.name}",
        svg,
        f"Permutation importance for {result.name}: {listed}.",
        "How much more often a replica errs on rows it has not seen when one column's values are "
        "shuffled among them; lines are two standard errors. Columns that say the same share their "
        "importance: each alone can be missed.",
    )

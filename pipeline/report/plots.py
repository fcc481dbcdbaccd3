"""Figures that compare models: curves on the test rows, overfitting, time, errors."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from matplotlib.axes import Axes

from pipeline.report import curves
from pipeline.report.bagged import bagged_plots
from pipeline.report.comparison import duration
from pipeline.report.drawing import (
    INK,
    MUTED,
    Look,
    Plot,
    bar_text,
    figure,
    label,
    looks,
    pale,
    square,
    to_svg,
)
from pipeline.report.evaluation import BinnedCounts
from pipeline.report.history import history_plots
from pipeline.report.model_card import ModelResult
from pipeline.report.steps import steps_plots

_Looks = Mapping[str, Look]


def plots(results: Sequence[ModelResult]) -> list[Plot]:
    """All figures that the numbers allow, in the page's order.

    Parameters
    ----------
    results : sequence of ModelResult
        The models; a figure is left out when no model has its numbers.
    """
    styles = looks([result.name for result in results])
    makers: list[Callable[[Sequence[ModelResult], _Looks], Plot | None]] = [
        _roc,
        _precision_recall,
        _calibration,
        _gap,
        _times,
        _errors,
    ]
    made = (maker(results, styles) for maker in makers)
    shown = [plot for plot in made if plot is not None]
    return [
        *shown,
        *bagged_plots(results, styles),
        *history_plots(results, styles),
        *steps_plots(results, styles),
    ]


def _curved(results: Sequence[ModelResult]) -> dict[str, BinnedCounts]:
    found = {}
    for result in results:
        test = result.evaluations.get("test")
        if test is not None and test.curves is not None and curves.usable(test.curves):
            found[result.name] = test.curves
    return found


def _roc(results: Sequence[ModelResult], styles: _Looks) -> Plot | None:
    counted = _curved(results)
    if not counted:
        return None
    areas = {result.name: result.score("test", "auc") for result in results}
    with figure() as drawn:
        axes = drawn.subplots()
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
        for name, counts in counted.items():
            text = f"{label(name)} ({areas[name]:.3f})"
            _line(axes, curves.roc(counts), styles[name], text)
        square(axes, "False positive rate (share of negatives)", "True positive rate")
        axes.legend(loc="lower right", title="AUC on test rows", alignment="left")
        svg = to_svg(drawn, "roc")
    listed = ", ".join(f"{name} {areas[name]:.3f}" for name in counted)
    return Plot(
        "roc",
        "ROC curves",
        svg,
        f"ROC curves on the test rows. Areas: {listed}.",
        "Each point is a threshold: how many positives it finds against how many negatives it "
        "flags by mistake. The nearer to the top left corner, the better; the dashed line is "
        "guessing.",
    )


def _precision_recall(results: Sequence[ModelResult], styles: _Looks) -> Plot | None:
    counted = _curved(results)
    if not counted:
        return None
    share = curves.positive_share(next(iter(counted.values())))
    with figure() as drawn:
        axes = drawn.subplots()
        axes.axhline(share, color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
        for name, counts in counted.items():
            _line(axes, curves.precision_recall(counts), styles[name], label(name))
        square(axes, "Recall (share of positives found)", "Precision")
        axes.legend(loc="lower left" if share < 0.5 else "lower right")
        svg = to_svg(drawn, "pr")
    return Plot(
        "pr",
        "Precision and recall",
        svg,
        f"Precision against recall on the test rows for {', '.join(counted)}.",
        "How many of the flagged rows are truly positive, as more of the positives are found. "
        f"Higher is better; flagging at random would stay on the dashed line, at {share:.1%}.",
    )


def _calibration(results: Sequence[ModelResult], styles: _Looks) -> Plot | None:
    counted = _curved(results)
    lines = {name: curves.calibration(counts) for name, counts in counted.items()}
    lines = {name: line for name, line in lines.items() if len(line.x)}
    if not lines:
        return None
    with figure() as drawn:
        axes = drawn.subplots()
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
        for name, line in lines.items():
            _line(axes, line, styles[name], label(name), marker=styles[name].marker)
        square(axes, "Predicted probability (mean of the group)", "Share of positives")
        axes.legend(loc="upper left")
        svg = to_svg(drawn, "calibration")
    return Plot(
        "calibration",
        "Calibration",
        svg,
        f"Observed share of positives against predicted probability for {', '.join(lines)}.",
        "Of the test rows given a probability of 30 %, 30 % should be positive: on the dashed "
        "line a probability can be taken at its word, below it the model promises too much. "
        "Groups of fewer than 20 rows are left out.",
    )


def _gap(results: Sequence[ModelResult], styles: _Looks) -> Plot | None:
    shown = [result for result in results if math.isfinite(result.auc_gap)]
    if not shown:
        return None
    values = [result.score(split, "auc") for result in shown for split in ("train", "test")]
    start = 0.5 if min(values) >= 0.5 else 0.0
    with figure(height=1.0 + 0.75 * len(shown)) as drawn:
        axes = drawn.subplots()
        for at, result in enumerate(shown):
            colour = styles[result.name].colour
            for split, offset, fill in (("train", -0.19, pale(colour)), ("test", 0.19, colour)):
                value = result.score(split, "auc")
                axes.barh(at + offset, value - start, 0.34, left=start, color=fill, lw=0)
                bar_text(axes, value, at + offset, f"{split} {value:.3f}")
        axes.set_xlim(start, start + (max(max(values), 0.6) - start) * 1.28)
        _rows(axes, [result.name for result in shown], "AUC (0.5 is guessing)")
        svg = to_svg(drawn, "gap")
    listed = ", ".join(f"{result.name} {result.auc_gap:+.3f}" for result in shown)
    return Plot(
        "gap",
        "Training rows against test rows",
        svg,
        f"AUC on training and on test rows. Train minus test: {listed}.",
        "The pale bar is the AUC on the rows that the model learnt from, the full bar on rows it "
        "never saw. The longer the pale bar is beyond the full one, the more was learnt by heart.",
    )


def _times(results: Sequence[ModelResult], styles: _Looks) -> Plot | None:
    shown = [result for result in results if math.isfinite(result.fit_seconds)]
    if not shown:
        return None
    most = max(result.fit_seconds for result in shown)
    size, unit = next(
        (pair for pair in ((3600, "hours"), (60, "minutes")) if most >= 2 * pair[0]),
        (1, "seconds"),
    )
    with figure(height=1.0 + 0.55 * len(shown)) as drawn:
        axes = drawn.subplots()
        for at, result in enumerate(shown):
            value = result.fit_seconds / size
            axes.barh(at, value, 0.5, color=styles[result.name].colour, lw=0)
            bar_text(axes, value, at, duration(result.fit_seconds))
        axes.set_xlim(0, max(most / size, 1e-9) * 1.25)
        _rows(axes, [result.name for result in shown], f"Training time ({unit})")
        svg = to_svg(drawn, "time")
    listed = ", ".join(f"{result.name} {duration(result.fit_seconds)}" for result in shown)
    return Plot(
        "time",
        "Training time",
        svg,
        f"Training times: {listed}.",
        "From the start of training to the finished model, on the cluster that trained it. It is "
        "what training anew on such a cluster costs.",
    )


def _errors(results: Sequence[ModelResult], styles: _Looks) -> Plot | None:
    shown = [result for result in results if math.isfinite(result.out_of_bag_error)]
    if not shown:
        return None
    bars = [(result, kind, value) for result in shown for kind, value in _error_rates(result)]
    with figure(height=1.0 + 0.42 * len(bars)) as drawn:
        axes = drawn.subplots()
        for at, (result, kind, value) in enumerate(bars):
            colour = styles[result.name].colour
            fill = colour if kind == "out-of-bag" else pale(colour)
            axes.barh(at, value, 0.6, color=fill, lw=0)
            bar_text(axes, value, at, f"{value:.3f}")
        axes.set_xlim(0, max(max(value for _, _, value in bars), 1e-9) * 1.2)
        _rows(axes, [f"{r.name}, {kind}" for r, kind, _ in bars], "Error (share of rows)")
        svg = to_svg(drawn, "oob")
    listed = ", ".join(f"{result.name} {kind} {value:.3f}" for result, kind, value in bars)
    return Plot(
        "oob",
        "Out-of-bag error",
        svg,
        f"Errors: {listed}.",
        "Every tree of a bag is tried on the training rows that it did not draw. This out-of-bag "
        "error should come close to the error on the test rows: it needs no rows set aside.",
    )


def _error_rates(result: ModelResult) -> list[tuple[str, float]]:
    rates = [("training", 1 - result.score("train", "accuracy"))]
    rates.append(("out-of-bag", result.out_of_bag_error))
    rates += [(split, 1 - result.score(split, "accuracy")) for split in ("validation", "test")]
    return [(kind, rate) for kind, rate in rates if math.isfinite(rate)]


def _line(axes: Axes, line: curves.Line, look: Look, text: str, marker: str = "") -> None:
    axes.plot(
        line.x, line.y, color=look.colour, linestyle=look.line, label=text, marker=marker, ms=4.5
    )


def _rows(axes: Axes, names: Sequence[str], x: str) -> None:
    """Horizontal bars: names at the left, the first on top."""
    axes.set_yticks(range(len(names)), [label(name) for name in names], color=INK)
    axes.invert_yaxis()
    axes.grid(False, axis="y")
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(x)

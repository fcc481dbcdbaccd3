"""The accuracies as a picture: each seed a dot, the mean with its interval a bar."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.text_demo.findings import Row
from pipeline.report.drawing import INK, MUTED, Plot, figure, looks, to_svg

_ROW_HEIGHT = 0.42


def accuracy_plot(found: Sequence[Row]) -> Plot:
    """Accuracy on test rows by contender, the best on top."""
    ordered = sorted(found, key=lambda row: row.accuracy.mean)
    styles = looks([row.name for row in found])
    with figure(width=7.4, height=1.0 + _ROW_HEIGHT * len(ordered)) as drawn:
        axes = drawn.subplots()
        for at, row in enumerate(ordered):
            interval = row.accuracy
            axes.plot(row.accuracies, [at] * len(row.accuracies), "o", color=MUTED, alpha=0.5)
            axes.plot([interval.mean], [at], "D", color=styles[row.name].colour, zorder=3)
            if interval.low is not None and interval.high is not None:
                axes.hlines(at, interval.low, interval.high, color=styles[row.name].colour, lw=2)
        axes.set_yticks(range(len(ordered)), [row.name for row in ordered], color=INK)
        axes.set_xlabel("accuracy on test rows")
        axes.margins(y=0.1)
        svg = to_svg(drawn, "accuracy")
    told = ", ".join(f"{row.name} {row.accuracy.mean:.3f}" for row in reversed(ordered))
    return Plot(
        "accuracy",
        "Accuracy on test rows",
        svg,
        f"Mean accuracy: {told}.",
        "Diamonds are means, bars their 95 % intervals, grey dots the seeds.",
    )

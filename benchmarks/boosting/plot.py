"""Time of the whole fit against rows, both logarithmic, from the file of results."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from benchmarks import common
from benchmarks.boosting.options import MLLIB
from benchmarks.boosting.results import NATIVE, OURS, OURS_TWO, SPARK_ONE, SPARK_TWO

PATH = common.RESULTS / "boosting.png"
_Row = dict[str, str]
_STYLES = {
    # Colour, marker, line, label.
    MLLIB: ("#009E73", "^", "none", "Spark MLlib (a tenth of the rounds, times ten)"),
    SPARK_TWO: ("#D55E00", "s", "none", "xgboost.spark, 2 workers of a thread"),
    SPARK_ONE: ("#E69F00", "s", "none", "xgboost.spark, 1 worker of 2 threads"),
    OURS_TWO: ("#56B4E9", "o", "none", "this package, 2 workers of a thread"),
    OURS: ("#0072B2", "o", "-", "this package"),
    NATIVE: ("#66737f", "D", "--", "XGBoost alone, 2 threads"),
}


def draw(rows: Sequence[_Row], path: Path) -> None:
    """Draw the newest figures of the latest run's machine and rounds."""
    known = [row for row in rows if row["what"] in _STYLES]
    if not known:
        return
    latest = known[-1]
    alike = ("machine", "rounds", "columns")
    like = [row for row in known if all(row[name] == latest[name] for name in alike)]
    figure = Figure(figsize=(7, 4.5), dpi=150)
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for name in _STYLES:
        _points(axes, [row for row in like if row["what"] == name], name)
    _finish(axes, f"Flights, {latest['rounds']} rounds, depth 6; {latest['machine']}")
    figure.tight_layout()
    figure.savefig(path)


def _points(axes: Axes, rows: Sequence[_Row], name: str) -> None:
    """The least of the repeats, and up to the greatest; a later run replaces an earlier one."""
    newest = {int(row["rows"]): row for row in rows}
    if not newest:
        return
    colour, marker, line, label = _STYLES[name]
    places = sorted(newest)
    least = [float(newest[place]["seconds"]) for place in places]
    most = [float(newest[place]["seconds_max"]) for place in places]
    axes.errorbar(
        places,
        least,
        yerr=[[0.0] * len(places), [high - low for low, high in zip(least, most, strict=True)]],
        color=colour,
        marker=marker,
        linestyle=line,
        capsize=3,
        label=label,
    )


def _finish(axes: Axes, title: str) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(10, subs=(1, 2, 5)))
        axis.set_major_formatter(StrMethodFormatter("{x:,g}"))
        axis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("Training rows")
    axes.set_ylabel("Whole fit (seconds)")
    axes.set_title(title, fontsize=10)
    axes.grid(which="major", color="#e3e7eb")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8)

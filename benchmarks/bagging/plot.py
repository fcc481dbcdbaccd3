"""Time against replicas, both logarithmic, from the file of results."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, StrMethodFormatter

from benchmarks import common
from benchmarks.bagging.options import MLLIB, SKLEARN
from benchmarks.bagging.results import CURVE, IDEAL, OURS, START_UP

PATH = common.RESULTS / "bagging.png"
_Row = dict[str, str]
_Points = dict[int, _Row]
_BLUE, _GREY = "#0072B2", "#66737f"
_PEERS = {SKLEARN: ("#D55E00", "s", "scikit-learn"), MLLIB: ("#009E73", "^", "Spark MLlib")}


def draw(rows: Sequence[_Row], path: Path) -> None:
    """Draw the newest figures of the latest run's machine and table."""
    if not rows:
        return
    latest = rows[-1]
    like = [row for row in rows if all(row[name] == latest[name] for name in ("machine", "rows"))]
    figure = Figure(figsize=(7, 4.5), dpi=150)
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    _ours(axes, like)
    _ideal(axes, like)
    for name, (colour, marker, label) in _PEERS.items():
        _points(axes, _newest(like, name), colour, marker, label)
    _finish(axes, f"Flights, {int(latest['rows']):,} rows, depth 10; {latest['machine']}")
    figure.tight_layout()
    figure.savefig(path)


def _newest(rows: Sequence[_Row], *names: str) -> _Points:
    """By number of replicas; a later row replaces an earlier one."""
    found = {int(row["replicas"]): row for row in rows if row["what"] in names}
    return dict(sorted(found.items()))


def _ours(axes: Axes, rows: Sequence[_Row]) -> None:
    points = _newest(rows, START_UP, OURS, CURVE)
    _points(axes, points, _BLUE, "o", "this package", line="-")


def _ideal(axes: Axes, rows: Sequence[_Row]) -> None:
    """A line through the origin: so many trees take so many times as long."""
    found = list(_newest(rows, IDEAL).values())
    if not found:
        return
    per_tree = float(found[-1]["seconds"]) / int(found[-1]["replicas"])
    most = max(int(row["replicas"]) for row in rows)
    ends = [1, most]
    times = [per_tree * trees for trees in ends]
    axes.plot(ends, times, color=_GREY, linestyle="--", label="XGBoost alone (ideal)")


def _points(
    axes: Axes, points: _Points, colour: str, marker: str, label: str, line: str = "none"
) -> None:
    if not points:
        return
    middle = [float(row["seconds"]) for row in points.values()]
    low = [float(row["seconds"]) - float(row["seconds_min"]) for row in points.values()]
    high = [float(row["seconds_max"]) - float(row["seconds"]) for row in points.values()]
    axes.errorbar(
        list(points),
        middle,
        yerr=[low, high],
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
        axis.set_major_locator(LogLocator(10))
        axis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    axes.set_xlabel("Trees")
    axes.set_ylabel("Training time (seconds)")
    axes.set_title(title, fontsize=10)
    axes.grid(which="major", color="#e3e7eb")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)

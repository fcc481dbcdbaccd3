"""Ratios of ours to the others, and what a frozen base costs, from the file of results."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks import common
from benchmarks.transfer.results import AGAIN, GANG, KEPT, OURS

PATH = common.RESULTS / "transfer.png"
_INK, _MUTED, _GRID = "#0072B2", "#66737f", "#e3e7eb"
_Row = dict[str, str]


def draw(rows: Sequence[_Row], path: Path) -> None:
    """Draw the newest figures of each comparison on the latest run's machine."""
    if not rows:
        return
    machine = rows[-1]["machine"]
    keys = ("what", "threads", "dropout")
    newest = {tuple(row[key] for key in keys): row for row in rows if row["machine"] == machine}
    own = list(newest.values())
    figure = Figure(figsize=(9, 3.6), dpi=150)
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, width_ratios=(2, 1))
    _ratios(left, [row for row in own if row["what"] in (OURS, GANG) and row["ratio"]])
    _frozen(right, [row for row in own if row["what"] in (KEPT, AGAIN)])
    figure.suptitle(f"MiniLM, 16 x 64 tokens a batch; {machine}", fontsize=10)
    figure.tight_layout()
    figure.savefig(path)


def _ratios(axes: Axes, rows: Sequence[_Row]) -> None:
    """The middle of the repeats, from the least to the greatest; what is to be reached, a bar."""
    for place, row in enumerate(reversed(rows)):
        least, ratio, most = (float(row[name]) for name in ("ratio_least", "ratio", "ratio_most"))
        axes.hlines(place, least, most, color=_INK)
        axes.plot([ratio], [place], "o", color=_INK)
        axes.vlines(float(row["bound"]), place - 0.3, place + 0.3, color=_MUTED)
    axes.set_yticks(range(len(rows)), [_label(row) for row in reversed(rows)], fontsize=8)
    axes.set_xlabel("rows a second, ours / theirs (bar: the goal)", fontsize=9)
    _finish(axes)


def _label(row: _Row) -> str:
    return f"{row['against']}\n{row['threads']} thread(s), dropout {row['dropout']}"


def _frozen(axes: Axes, rows: Sequence[_Row]) -> None:
    names = [row["what"].removeprefix("frozen base, ") for row in rows]
    axes.barh(names, [float(row["rows_per_s"]) for row in rows], color=_INK, height=0.5)
    axes.set_xscale("log")
    axes.tick_params(axis="y", labelsize=8)
    axes.set_xlabel("frozen base: rows a second", fontsize=9)
    _finish(axes)


def _finish(axes: Axes) -> None:
    axes.grid(axis="x", color=_GRID)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)

"""The look of all figures, and their way into the page as small inline SVG."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

# Okabe and Ito's colours, told apart by nearly everybody; line styles say it once more.
_COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#B8860B", "#56B4E9", "#444444"]
_LINES: list[Any] = ["-", (0, (6, 1.5)), (0, (2, 1)), (0, (6, 1.5, 1.5, 1.5)), (0, (1, 1))]
_MARKERS = ["o", "s", "^", "D", "v", "P", "X"]
_FIRST = ("bagging", "boosting", "deep")
_LONG_NUMBER = re.compile(r"(?<![#\w])(-?\d+\.\d{2})\d+")
INK = "#22303c"
MUTED = "#66737f"
GRID = "#e3e7eb"

_STYLE: dict[str, Any] = {
    "svg.fonttype": "none",  # text stays text: small, searchable, in the page's own font
    "font.size": 9.5,
    "axes.labelsize": 9.5,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#aab4bd",
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "text.color": INK,
    "text.parse_math": False,  # a model's name may hold a $
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.8,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
}


@dataclass(frozen=True)
class Look:
    """How one model looks in every figure."""

    colour: str
    line: Any
    marker: str


@dataclass(frozen=True)
class Plot:
    """A figure of the page.

    Parameters
    ----------
    key : str
        Identifies the figure in the page.
    title : str
        Heading.
    svg : str
        The figure.
    alt : str
        What it shows, for those who do not see it, with the main numbers.
    caption : str
        How to read it.
    """

    key: str
    title: str
    svg: str
    alt: str
    caption: str


def looks(names: Sequence[str]) -> dict[str, Look]:
    """One look per model: the known kinds always have the same one."""
    free = [at for at in range(len(_COLOURS)) if at >= len(_FIRST) or _FIRST[at] not in names]
    free = sorted(free, key=lambda at: (at < len(_FIRST), at))
    others = [name for name in names if name not in _FIRST]
    places = {name: at for at, name in enumerate(_FIRST)}
    places |= {name: free[at % len(free)] for at, name in enumerate(others)}
    return {
        name: Look(
            _COLOURS[places[name]], _LINES[places[name] % len(_LINES)], _MARKERS[places[name]]
        )
        for name in names
    }


def pale(colour: str, share: float = 0.4) -> tuple[float, ...]:
    """The colour mixed with white: `share` is its part."""
    return tuple(1 - share * (1 - part) for part in to_rgb(colour))


@contextmanager
def figure(width: float = 5.2, height: float = 3.7) -> Iterator[Figure]:
    """An empty figure in the report's style, without any global state of pyplot."""
    with matplotlib.rc_context(_STYLE):
        drawn = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasSVG(drawn)
        yield drawn


def label(name: str) -> str:
    """A name as a legend's text; matplotlib leaves out those that begin with an underscore."""
    shown = name if len(name) <= 32 else name[:31] + "…"
    return "\u200b" + shown if shown.startswith("_") else shown


def square(axes: Axes, x: str, y: str) -> None:
    """Set both axes to 0…1 with their titles."""
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.02), xlabel=x, ylabel=y)


def bar_text(axes: Axes, value: float, at: float, text: str) -> None:
    """Write a value just beyond the end of its horizontal bar."""
    axes.annotate(text, (value, at), xytext=(4, 0), textcoords="offset points", va="center", size=9)


def to_svg(drawn: Figure, key: str) -> str:
    """The figure as an `<svg>` element that can stand in a page beside others.

    Parameters
    ----------
    drawn : Figure
        Made within `figure()`.
    key : str
        Makes the ids of this figure differ from those of the page's other figures.
    """
    buffer = io.StringIO()
    with matplotlib.rc_context({**_STYLE, "svg.hashsalt": key}):
        drawn.savefig(buffer, format="svg", metadata={"Date": None})
    return _inline(buffer.getvalue(), key)


def _inline(svg: str, key: str) -> str:
    """Without what only a file of its own needs: prologue, addresses, sizes, unused ids."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    head, separator, body = svg.partition(">")
    head = re.sub(r'\s(?:xmlns(?::\w+)?|width|height|version)="[^"]*"', "", head)
    head += ' aria-hidden="true" focusable="false"'
    body = re.sub(r'<g id="[^"]*"', "<g", body)
    body = body.replace("xlink:href=", "href=")
    body = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{key}-", body)
    # Coordinates beyond a hundredth of a point only make the page heavier. Texts keep theirs.
    body = re.sub(r"<[^>]+>", lambda tag: _LONG_NUMBER.sub(_shorter, tag.group()), body)
    return re.sub(r">\s+<", "><", head + separator + body).strip()


def _shorter(match: re.Match[str]) -> str:
    return match.group(1).rstrip("0").rstrip(".")

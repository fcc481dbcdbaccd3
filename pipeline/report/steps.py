"""Figures of how a model was moved: its step size, and how long its gradients were."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes

from pipeline.report.drawing import Look, Plot, figure, to_svg
from pipeline.report.model_card import ModelResult, number

_RATES = ("learning_rate", "eta")
_NORM = "gradient"
_LAYER = f"{_NORM}."
# More lines than that cannot be told apart: the layers between are left out.
_LAYERS = 6

_Points = list[tuple[float, float]]


def steps_plots(results: Sequence[ModelResult], styles: Mapping[str, Look]) -> list[Plot]:
    """One figure per model whose step size changed, or whose gradients were noted.

    Parameters
    ----------
    results : sequence of ModelResult
        The models.
    styles : mapping of str to Look
        By model.
    """
    made = []
    for at, result in enumerate(results):
        rates, norms = _rates(result.history), _norms(result.history)
        if rates or norms:
            made.append(_plot(result, rates, norms, styles[result.name], f"steps{at}"))
    return made


def _rates(entries: Sequence[Mapping[str, Any]]) -> _Points:
    """Step size by round or epoch; nothing when it never changes."""
    for name in _RATES:
        points = _points(entries, name)
        if len({value for _, value in points}) > 1:
            return points
    return []


def _norms(entries: Sequence[Mapping[str, Any]]) -> dict[str, _Points]:
    """Norms of gradients by layer, from the first to the last; the whole's under an empty name."""
    names = [name for name in (entries[-1] if entries else ()) if str(name).startswith(_LAYER)]
    if len(names) > _LAYERS:
        kept = {round(at * (len(names) - 1) / (_LAYERS - 1)) for at in range(_LAYERS)}
        names = [name for at, name in enumerate(names) if at in kept]
    found = {str(name).removeprefix(_LAYER): _points(entries, name) for name in names}
    whole = _points(entries, _NORM)
    series = {"": whole, **found} if whole else found
    return {name: points for name, points in series.items() if len(points) > 1}


def _points(entries: Sequence[Mapping[str, Any]], name: str) -> _Points:
    pairs = [
        (number(entry.get("epoch", entry.get("round", at))), number(entry.get(name)))
        for at, entry in enumerate(entries)
    ]
    return [(x, y) for x, y in pairs if math.isfinite(y) and y > 0]


def _plot(
    result: ModelResult, rates: _Points, norms: Mapping[str, _Points], look: Look, key: str
) -> Plot:
    panels = bool(rates) + bool(norms)
    unit = "epoch" if result.history and "epoch" in result.history[0] else "round"
    with figure(height=1.0 + (2.4 if panels == 1 else 1.7 * panels)) as drawn:
        axes = list(drawn.subplots(panels, sharex=True, squeeze=False)[:, 0])
        axes[-1].set_xlabel(unit.capitalize())
        if norms:
            _draw_norms(axes.pop(), norms, look)
        if rates:
            _draw_rates(axes.pop(), rates, look)
        svg = to_svg(drawn, key)
    shown = " and ".join(["step size"] * bool(rates) + ["norm of the gradient"] * bool(norms))
    layers = [name for name in norms if name]
    told = f" Layers from the first, pale, to the last: {', '.join(layers)}." if layers else ""
    reading = (
        " Where the first layers' gradients are smaller by orders of magnitude, they vanish: "
        "network residual or normalisation batch is the remedy. Where they grow from epoch to "
        "epoch, clip_norm or a smaller learning_rate is."
        if norms
        else ""
    )
    return Plot(
        key,
        f"Steps of {result.name}",
        svg,
        f"{shown} of {result.name} per {unit}.{told}",
        f"Noted after every {unit}: {shown}.{told}{reading}",
    )


def _draw_rates(axes: Axes, rates: _Points, look: Look) -> None:
    axes.plot([x for x, _ in rates], [y for _, y in rates], color=look.colour)
    axes.set_ylabel("Step size")
    axes.set_ylim(bottom=0)


def _draw_norms(axes: Axes, norms: Mapping[str, _Points], look: Look) -> None:
    layers = [name for name in norms if name]
    for name, points in norms.items():
        place = layers.index(name) if name else 0
        axes.plot(
            [x for x, _ in points],
            [y for _, y in points],
            color=look.colour,
            linestyle="-" if name else (0, (1, 1)),
            linewidth=1.4,
            alpha=0.3 + 0.7 * (place + 1) / len(layers) if name else 1.0,
            label=name or "all",
        )
    axes.set_yscale("log")
    axes.set_ylabel("Norm of the gradient")
    axes.legend(loc="best", ncols=2)

"""Figures of how training went, round by round or epoch by epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from matplotlib.axes import Axes

from pipeline.report.bagged import STEP
from pipeline.report.drawing import INK, Look, Plot, figure, label, to_svg
from pipeline.report.model_card import ModelResult, number

_STEPS = ("round", "epoch", "iteration", "step")
_NO_METRIC = {"seconds", "elapsed", "time", "rows", "samples_per_second"}
# Of steps rather than of results: `report.steps` draws them.
_NO_METRIC |= {"learning_rate", "lr", "eta", "gradient", "skipped", "stage"}
_PANELS = 3
_POINTS = 300
_DASHES: dict[str, Any] = {"train": (0, (5, 2)), "test": (0, (1, 1))}


@dataclass
class _History:
    """What a model noted: per metric and series (train, validation) its points."""

    step: str
    panels: dict[str, dict[str, list[tuple[float, float]]]] = field(default_factory=dict)


def history_plots(results: Sequence[ModelResult], styles: Mapping[str, Look]) -> list[Plot]:
    """One figure per model that noted its training.

    Parameters
    ----------
    results : sequence of ModelResult
        The models.
    styles : mapping of str to Look
        By model.
    """
    made = []
    for at, result in enumerate(results):
        if result.history and STEP in result.history[0]:
            continue  # by number of replicas: a figure of its own
        history = _read(result.history)
        if history.panels:
            made.append(_plot(result, history, styles[result.name], f"history{at}"))
    return made


def _read(entries: Sequence[Mapping[str, Any]]) -> _History:
    step = next((key for key in _STEPS if entries and key in entries[0]), "round")
    history = _History(step)
    for at, entry in enumerate(entries):
        place = number(entry.get(step, at))
        for key, value in entry.items():
            series, _, metric = str(key).rpartition(".")
            if key == step or metric in _NO_METRIC or series in _NO_METRIC:
                continue
            if not math.isfinite(number(value)):
                continue
            panel = history.panels.setdefault(metric, {})
            panel.setdefault(series, []).append((place, number(value)))
    # A single point is no history.
    for metric in [m for m, p in history.panels.items() if max(map(len, p.values())) < 2]:
        del history.panels[metric]
    history.panels = dict(list(history.panels.items())[:_PANELS])
    return history


def _plot(result: ModelResult, history: _History, look: Look, key: str) -> Plot:
    count = len(history.panels)
    with figure(height=1.0 + (2.7 if count == 1 else 1.7 * count)) as drawn:
        panels = drawn.subplots(count, sharex=True, squeeze=False)[:, 0]
        for axes, (metric, series) in zip(panels, history.panels.items(), strict=True):
            _panel(axes, metric, series, look)
            _mark_best(axes, result.best_step, history.step, named=axes is panels[0])
        panels[-1].set_xlabel(history.step.capitalize())
        svg = to_svg(drawn, key)
    best = result.best_step
    kept = f" {history.step.capitalize()} {best:.0f} was kept." if math.isfinite(best) else ""
    metrics = " and ".join(history.panels)
    return Plot(
        key,
        f"Training of {result.name}",
        svg,
        f"{metrics} of {result.name} per {history.step}.{kept}",
        f"Noted after every {history.step}: {metrics}.{kept} Where the "
        "training line goes on getting better and the validation line does not, the model is "
        "overfitting.",
    )


def _panel(
    axes: Axes, metric: str, series: Mapping[str, list[tuple[float, float]]], look: Look
) -> None:
    for name, points in series.items():
        every = max(1, math.ceil(len(points) / _POINTS))
        shown = (
            points[::every] if (len(points) - 1) % every == 0 else [*points[::every], points[-1]]
        )
        pale = name == "train"
        axes.plot(
            [x for x, _ in shown],
            [y for _, y in shown],
            color=look.colour,
            linestyle=_DASHES.get(name, "-"),
            alpha=0.6 if pale else 1.0,
            label=label(name or metric),
        )
    axes.set_ylabel(label(metric))
    axes.legend(loc="best", ncols=2)


def _mark_best(axes: Axes, best: float, step: str, *, named: bool) -> None:
    if not math.isfinite(best):
        return
    axes.axvline(best, color=INK, linewidth=1, linestyle=(0, (2, 2)))
    if named:
        axes.annotate(
            f"kept: {step} {best:.0f}",
            (best, 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, 4),
            textcoords="offset points",
            ha="center",
            size=9,
        )

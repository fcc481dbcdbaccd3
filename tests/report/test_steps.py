"""Figures of step sizes and of gradients by layer."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

from pipeline.report.drawing import looks
from pipeline.report.history import history_plots
from pipeline.report.model_card import ModelResult
from pipeline.report.steps import steps_plots


def _result(*rows: dict[str, Any]) -> ModelResult:
    return ModelResult("deep", {"metrics": {"history": list(rows)}}, {})


def _row(epoch: int, **more: Any) -> dict[str, Any]:
    return {"epoch": epoch, "train.logloss": 1 / (epoch + 1), **more}


def _plots(result: ModelResult) -> list[Any]:
    return steps_plots([result], looks(["deep"]))


def test_gradients_are_drawn_layer_by_layer() -> None:
    rows = [
        _row(epoch, gradient=1.0, **{f"gradient.dense{n}": 10.0**-n for n in range(3)})
        for epoch in range(4)
    ]
    (plot,) = _plots(_result(*rows))
    ElementTree.fromstring(plot.svg)
    assert plot.key == "steps0"
    assert "Layers from the first, pale, to the last: dense0, dense1, dense2." in plot.alt
    assert "vanish" in plot.caption
    assert "Step size" not in plot.svg  # none was noted


def test_of_many_layers_some_are_drawn_with_the_first_and_the_last() -> None:
    rows = [_row(e, **{f"gradient.l{n}": 1.0 for n in range(50)}) for e in range(2)]
    (plot,) = _plots(_result(*rows))
    assert "l0, l10, l20, l29, l39, l49." in plot.alt


def test_step_sizes_are_drawn_when_they_change() -> None:
    falling = [_row(epoch, learning_rate=0.1 / (epoch + 1)) for epoch in range(3)]
    (plot,) = _plots(_result(*falling))
    assert plot.alt == "step size of deep per epoch."
    assert _plots(_result(*(_row(epoch, learning_rate=0.1) for epoch in range(3)))) == []
    rounds = [{"round": n, "eta": 0.3 * 0.9**n} for n in range(3)]
    assert [plot.alt for plot in _plots(_result(*rounds))] == ["step size of deep per round."]


def test_there_is_no_figure_without_numbers() -> None:
    assert _plots(_result()) == []
    assert _plots(_result(_row(0), _row(1))) == []
    assert _plots(_result(_row(0, gradient=None), _row(1, gradient=float("nan")))) == []


def test_what_is_of_steps_is_not_among_the_metrics() -> None:
    rows = [
        _row(e, gradient=1.0, learning_rate=0.1 + e, stage=0, skipped=1.0, **{"gradient.dense0": 2})
        for e in range(3)
    ]
    (plot,) = history_plots([_result(*rows)], looks(["deep"]))
    assert plot.alt == "logloss of deep per epoch."

"""The report as one HTML page that needs nothing but itself."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from pipeline.report.advice import advice
from pipeline.report.champion import ReportedChampion
from pipeline.report.comparison import MISSING, cells, columns, duration
from pipeline.report.drawing import Plot, looks
from pipeline.report.evaluation import Evaluation
from pipeline.report.model_card import ModelResult
from pipeline.report.plots import plots
from pipeline.report.summary import notes, plain_value
from pipeline.report.verdict import verdict

_SPLITS = ("train", "validation", "test")
_MISSING = "\u2013"


def page(
    trained: Sequence[ModelResult],
    *,
    title: str,
    context: Mapping[str, Any],
    champion: ReportedChampion | None = None,
) -> str:
    """Render the page.

    Parameters
    ----------
    trained : sequence of ModelResult
        One or more models.
    title : str
        Heading of the page.
    context : mapping
        How the numbers were made: split, seed, versions, date and so on; shown as it is.
    champion : ReportedChampion, optional
        The present champion, a row after theirs.

    Returns
    -------
    str
        HTML without any reference to another file or address.
    """
    results = [*trained, *(champion.results if champion else [])]
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    source = resources.files("pipeline.report").joinpath("page.html.j2").read_text("utf-8")
    colours = {name: look.colour for name, look in looks([r.name for r in results]).items()}
    return environment.from_string(source).render(
        title=title,
        verdict=verdict(results),
        notes=notes(trained, champion),
        columns=columns(results),
        rows=_rows(results, colours),
        plots=[(plot, _markup(plot)) for plot in plots(results)],
        advice=advice(results),
        models=[{**_details(result), "colour": colours[result.name]} for result in results],
        splits=_split_rows(results),
        context=list(_flat(plain_value(context))),
        binary=any(one.curves for result in results for one in result.evaluations.values()),
    )


def _markup(plot: Plot) -> Markup:
    # Safe: matplotlib escapes all text that it draws.
    return Markup(plot.svg)


def _rows(results: Sequence[ModelResult], colours: Mapping[str, str]) -> list[dict[str, Any]]:
    by_column = [cells(column, results) for column in columns(results)]
    return [
        {
            "name": result.name,
            "colour": colours[result.name],
            "cells": [(_typeset(column[at].text), column[at].best) for column in by_column],
        }
        for at, result in enumerate(results)
    ]


def _typeset(text: str) -> str:
    return _MISSING if text == MISSING else text.replace("-", "\u2212")


def _details(result: ModelResult) -> dict[str, Any]:
    metadata = result.metadata
    facts = [("Class", metadata.get("class")), ("Seed", metadata.get("seed"))]
    facts.append(("Data fingerprint", metadata.get("data_fingerprint")))
    if math.isfinite(result.best_step):
        facts.append(("Kept round or epoch", f"{result.best_step:.0f}"))
    facts.append(("Training time", _typeset(duration(result.fit_seconds))))
    facts += [
        (f"Out-of-bag {key.replace('_', ' ')}", value) for key, value in _flat(result.out_of_bag)
    ]
    test = result.evaluations.get("test")
    return {
        "name": result.name,
        "facts": [(name, _text(value)) for name, value in facts if value is not None],
        "params": list(_flat(plain_value(metadata.get("params") or {}))),
        "versions": list(_flat(plain_value(metadata.get("versions") or {}))),
        "features": result.features,
        "scores": [
            (split, result.evaluations[split]) for split in _SPLITS if split in result.evaluations
        ],
        "confusion": _confusion(test) if test is not None else None,
    }


def _confusion(evaluation: Evaluation) -> dict[str, Any] | None:
    if evaluation.confusion is None:
        return None
    rows = []
    for name, counts in zip(evaluation.classes, evaluation.confusion, strict=True):
        total = sum(counts)
        # Share of the label's rows, as a tint that stays readable under dark text.
        cell = [(count, round(45 * count / total) if total else 0) for count in counts]
        rows.append((name, cell))
    return {"classes": evaluation.classes, "rows": rows}


def _split_rows(results: Sequence[ModelResult]) -> list[tuple[str, int]]:
    first = results[0].evaluations
    ordered = [split for split in _SPLITS if split in first]
    ordered += [split for split in first if split not in _SPLITS]
    return [(split, first[split].rows) for split in ordered]


def _flat(value: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Nested mappings as (dotted name, text)."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _flat(part, f"{prefix}.{key}" if prefix else str(key))
    else:
        yield prefix, _text(value)


def _text(value: Any) -> str:
    if value is None:
        return _MISSING
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        return ", ".join(_text(part) for part in value)
    return str(value)

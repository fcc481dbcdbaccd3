"""`report.html` for people and `report.json` for programs, from the same numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from benchmarks.text_demo.contenders import Contender
from benchmarks.text_demo.findings import Claim, Row, claims, overlapping, rows, verdict
from benchmarks.text_demo.plot import accuracy_plot
from pipeline.report.comparison import duration

_TEMPLATE = Path(__file__).with_name("page.html.j2")


@dataclass(frozen=True)
class Found:
    """All that the report tells.

    Parameters
    ----------
    contenders : sequence of Contender
        In the order of the rows.
    results : sequence of mapping
        For each seed, what was found by contender.
    context : mapping
        How the numbers were made; `test_rows` is one of them.
    """

    contenders: Sequence[Contender]
    results: Sequence[Mapping[str, Mapping[str, Any]]]
    context: Mapping[str, Any]

    @property
    def rows(self) -> list[Row]:
        return rows(self.results, int(self.context["test_rows"]))

    @property
    def claims(self) -> list[Claim]:
        return claims(self.rows)

    @property
    def holds(self) -> bool:
        """Whether the expected order does."""
        return all(claim.holds for claim in self.claims)


def write(found: Found, directory: Path) -> Path:
    """Both files; returns the page's path."""
    directory.mkdir(parents=True, exist_ok=True)
    text = json.dumps(summary(found), indent=2, ensure_ascii=False, allow_nan=False)
    (directory / "report.json").write_text(text + "\n", encoding="utf-8")
    path = directory / "report.html"
    path.write_text(page(found), encoding="utf-8")
    return path


def summary(found: Found) -> dict[str, Any]:
    """As JSON values."""
    by_name = {each.name: each for each in found.contenders}
    return {
        "format": 1,
        "verdict": verdict(found.claims),
        "holds": found.holds,
        "contenders": {row.name: _told(row, by_name[row.name], found) for row in found.rows},
        "claims": [
            {
                "higher": claim.higher.name,
                "lower": claim.lower.name,
                "holds": claim.holds,
                "intervals_overlap": claim.overlaps,
                "difference": asdict(claim.difference),
                "text": str(claim),
            }
            for claim in found.claims
        ],
        "overlapping": overlapping(found.rows),
        "context": dict(found.context),
    }


def _told(row: Row, contender: Contender, found: Found) -> dict[str, Any]:
    return {
        "how": contender.how,
        "accuracy": asdict(row.accuracy),
        "accuracies": row.accuracies,
        "binomial_error": row.binomial_error,
        "seconds": row.seconds,
        "search_seconds": row.search_seconds,
        "trained_parameters": row.trained,
        "fixed": dict(contender.fixed),
        "settings": [dict(each) for each in contender.settings],
        "chosen": row.chosen,
        "trials": [seed[row.name]["trials"] for seed in found.results],
    }


def page(found: Found) -> str:
    """One page that needs no other file."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    data = summary(found)
    plot = accuracy_plot(found.rows)
    source = _TEMPLATE.read_text(encoding="utf-8")
    environment.filters.update(duration=duration, params=_params)
    return environment.from_string(source).render(
        data=data,
        best=max(data["contenders"], key=lambda name: data["contenders"][name]["accuracy"]["mean"]),
        plot=plot,
        svg=Markup(plot.svg),  # safe: matplotlib escapes all text that it draws
        seeds=data["context"]["seeds"],
    )


def _params(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items()) or "-"


def table(found: Found) -> str:
    """For the terminal, within 100 columns."""
    lines = [
        f"{'':<22} {'accuracy':>8} {'± 95 %':>7} {'binomial':>9} {'training':>13} {'trained':>11}"
    ]
    for row in sorted(found.rows, key=lambda each: -each.accuracy.mean):
        half = row.accuracy.half
        lines.append(
            f"{row.name:<22} {row.accuracy.mean:>8.4f} {'-' if half is None else f'{half:.4f}':>7} "
            f"{row.binomial_error:>9.4f} {duration(row.seconds):>13} {row.trained:>11,.0f}"
        )
    told = [f"- {claim}" for claim in found.claims]
    return "\n".join([*lines, "", *told, "", verdict(found.claims), ""])

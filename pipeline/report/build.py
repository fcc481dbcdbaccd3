"""Write the report: numbers for programs, a page for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipeline import files
from pipeline.errors import UserError
from pipeline.report.champion import ReportedChampion
from pipeline.report.evaluation import Evaluation, check_same_rows
from pipeline.report.model_card import ModelResult
from pipeline.report.page import page
from pipeline.report.summary import summary, to_json

LATEST = r"report\.(json|html)"
"""Names that lie beside the versions of a report."""


@dataclass(frozen=True)
class ReportFiles:
    """URIs of the report's files."""

    json: str
    html: str


def build(
    results: Sequence[ModelResult],
    *,
    title: str,
    output_uri: str,
    context: dict[str, Any],
    champion: ReportedChampion | None = None,
) -> ReportFiles:
    """Write `report.json` and `report.html` below a URI.

    Parameters
    ----------
    results : sequence of ModelResult
        One or more models, evaluated on the same rows.
    title : str
        Heading of the report.
    output_uri : str
        Directory; earlier files of the same names are replaced.
    context : dict
        How the numbers were made: data fingerprint, seed, kind of split, versions, date.
    champion : ReportedChampion, optional
        The present champion, which gets a row of its own after theirs.

    Raises
    ------
    UserError
        When there is no model, or two of one name.
    DataError
        When the models were not evaluated on the same rows.
    StoreError
        When a file cannot be written.
    """
    if not results:
        raise UserError("a report needs at least one model")
    beside = [] if champion is None else champion.results
    names = [result.name for result in [*results, *beside]]
    if len(set(names)) < len(names):
        raise UserError(f"each model of a report needs a name of its own, got {', '.join(names)}")
    check_same_rows({result.name: result.evaluations for result in results})
    if beside:
        check_same_rows({result.name: _on_test_rows(result) for result in [*results, *beside]})
    data = to_json(summary(results, title=title, context=context, champion=champion))
    html = page(results, title=title, context=context, champion=champion).encode()
    written = ReportFiles(
        json=files.join(output_uri, "report.json"), html=files.join(output_uri, "report.html")
    )
    files.write_bytes(written.json, data)
    files.write_bytes(written.html, html)
    return written


def _on_test_rows(result: ModelResult) -> dict[str, Evaluation]:
    return {split: one for split, one in result.evaluations.items() if split == "test"}


def put_latest(written: ReportFiles, directory: str) -> ReportFiles:
    """Copy a report to where the newest one is always found.

    Raises
    ------
    StoreError
        When a file cannot be written.
    """
    latest = ReportFiles(
        json=files.join(directory, "report.json"), html=files.join(directory, "report.html")
    )
    files.write_bytes(latest.json, files.read_bytes(written.json))
    files.write_bytes(latest.html, files.read_bytes(written.html))
    return latest

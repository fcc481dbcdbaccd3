from __future__ import annotations

from pathlib import Path

from pipeline import files
from pipeline.cli.runs.report_copy import fetch_report


def test_a_report_is_copied_with_what_is_there_of_it(tmp_path: Path) -> None:
    files.write_bytes(str(tmp_path / "out" / "report.html"), b"page")
    target = tmp_path / "here" / "report"
    assert fetch_report(str(tmp_path / "out"), target) == target / "report.html"
    assert [file.name for file in target.iterdir()] == ["report.html"]

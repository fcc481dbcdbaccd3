"""The report's files."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.errors import DataError, UserError
from pipeline.report.build import build
from pipeline.report.champion import ReportedChampion
from pipeline.report.evaluation import Evaluation
from pipeline.report.model_card import ModelResult
from pipeline.report.summary import notes
from tests.report.samples import binary, context, three, with_test

_VOID = {"meta", "br", "hr", "img", "input", "link"}


class _Reader(HTMLParser):
    """Notes tags and attributes, and that every element is closed in its turn."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def _built(
    directory: Path, results: list[ModelResult], origin: dict[str, Any] | None = None
) -> tuple[dict[str, Any], str]:
    written = build(
        results, title="A <b>title</b>", output_uri=str(directory / "out"), context=origin or {}
    )
    assert written.json.endswith("/report.json")

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    data = json.loads(Path(written.json).read_text("utf-8"), parse_constant=refuse)
    return data, Path(written.html).read_text("utf-8")


def _read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    assert reader.open == []
    return reader


def test_the_paths_of_the_numbers(tmp_path: Path) -> None:
    results = three()
    data, _ = _built(tmp_path, results, context())
    for result in results:
        entry = data["models"][result.name]
        for split, evaluation in result.evaluations.items():
            for measure in ("auc", "log_loss", "accuracy", "rows"):
                assert entry[split][measure] == getattr(evaluation, measure)
        assert entry["fit_seconds"] == result.fit_seconds
        assert entry["gap"]["auc"] == result.auc_gap
    assert data["models"]["bagging"]["out_of_bag"]["error"] == 0.2135
    assert "out_of_bag" not in data["models"]["deep"]
    assert data["best"] == {"by_test_auc": "boosting", "by_test_log_loss": "boosting"}
    assert data["context"] == context()
    assert data["notes"] == []


def test_numbers_that_do_not_exist_are_null(tmp_path: Path) -> None:
    result = ModelResult(
        "x",
        {"params": {"eta": np.float32(0.5), "limit": math.inf}, "metrics": {"fit_seconds": None}},
        {"test": Evaluation(rows=3, auc=math.nan, log_loss=math.nan, accuracy=1.0)},
    )
    origin = {"date": datetime(2024, 5, 1, tzinfo=UTC), "n": np.int64(3), "bad": [math.nan]}
    data, html = _built(tmp_path, [result], origin)
    entry = data["models"]["x"]
    assert entry["test"] == {"rows": 3, "auc": None, "log_loss": None, "accuracy": 1.0}
    assert entry["gap"]["auc"] is None
    assert entry["fit_seconds"] is None
    assert entry["params"] == {"eta": 0.5, "limit": None}
    assert data["best"] == {"by_test_auc": None, "by_test_log_loss": None}
    assert data["context"] == {"date": "2024-05-01T00:00:00+00:00", "n": 3, "bad": [None]}
    assert "Some probabilities of x are not numbers." in html
    assert "nan" not in re.sub(r"<[^>]+>", " ", html).lower().split()


def test_the_page_needs_nothing_else(tmp_path: Path) -> None:
    _, html = _built(tmp_path, three(), context())
    assert not re.search(r"https?:|//[a-z]|url\((?!#)|@import", html)
    assert len(html) < 1_000_000
    reader = _read(html)
    assert {"script", "link", "img", "iframe"}.isdisjoint(tag for tag, _ in reader.tags)
    for _, attributes in reader.tags:
        assert (attributes.get("href") or "#").startswith("#")
        assert "src" not in attributes


def test_the_page_can_be_read_aloud(tmp_path: Path) -> None:
    _, html = _built(tmp_path, three(), context())
    reader = _read(html)
    assert all("scope" in attributes for tag, attributes in reader.tags if tag == "th")
    figures = [a for _, a in reader.tags if a.get("role") == "img"]
    assert len(figures) > 8
    assert all(attributes["aria-label"] for attributes in figures)
    ids = [attributes["id"] for _, attributes in reader.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert ("html", {"lang": "en"}) in reader.tags


def test_what_people_wrote_is_only_text(tmp_path: Path) -> None:
    name = "\"><script>alert('x')</script>"
    metadata = {"params": {name: name}, "class": name, "features": [name], "versions": {name: 1}}
    result = ModelResult(name, metadata, three()[0].evaluations)
    _, html = _built(tmp_path, [result], {name: name})
    reader = _read(html)
    assert "script" not in {tag for tag, _ in reader.tags}
    assert "A &lt;b&gt;title&lt;/b&gt;" in html


def test_more_classes_have_no_curves(tmp_path: Path) -> None:
    evaluation = Evaluation(
        rows=60,
        auc=0.9,
        log_loss=0.4,
        accuracy=0.9,
        confusion=((18, 1, 1), (0, 19, 1), (1, 2, 17)),
        classes=("ant", "bee", "<cat>"),
    )
    _, html = _built(tmp_path, [ModelResult("a", {}, {"test": evaluation})])
    _read(html)
    assert "ROC curves" not in html
    assert "the mean over the classes" in html
    assert "&lt;cat&gt;" in html


def test_one_model_is_a_report(tmp_path: Path) -> None:
    data, html = _built(tmp_path, [with_test("only", 0.8)])
    assert data["best"]["by_test_auc"] == "only"
    assert 'class="best"' not in html
    assert "no other model to compare with" in html


def test_a_report_is_written_over_an_earlier_one(tmp_path: Path) -> None:
    _built(tmp_path, [with_test("old", 0.8)])
    data, _ = _built(tmp_path, [with_test("new", 0.8)])
    assert list(data["models"]) == ["new"]


def test_what_cannot_be_compared(tmp_path: Path) -> None:
    uri = str(tmp_path)
    with pytest.raises(UserError, match="at least one model"):
        build([], title="x", output_uri=uri, context={})
    with pytest.raises(UserError, match="a name of its own"):
        build([with_test("a", 0.8)] * 2, title="x", output_uri=uri, context={})
    with pytest.raises(DataError, match="the same rows"):
        build([with_test("a", 0.8), with_test("b", 0.8, rows=7)],
              title="x", output_uri=uri, context={})  # fmt: skip
    assert list(tmp_path.iterdir()) == []


def test_notes_on_other_data() -> None:
    one, two, _ = three()
    other = ModelResult("x", {"data_fingerprint": "sha256:other"}, two.evaluations)
    assert notes([one, two]) == []
    assert "fingerprints of bagging, x differ" in notes([one, other])[0]
    assert notes([ModelResult("y", {}, {})]) == ["No test rows were scored for y."]


def _champion(rows: int = 8_000) -> ReportedChampion:
    result = ModelResult("champion (boosting)", {}, {"test": binary(rows, 5.0)})
    return ReportedChampion({"number": 4, "digest": "feed"}, result, notes=("Doubt it.",))


def test_a_champion_is_a_row_of_its_own_and_never_the_best_of_the_trained(tmp_path: Path) -> None:
    written = build(three(), title="t", output_uri=str(tmp_path), context={}, champion=_champion())
    data = json.loads(Path(written.json).read_text())
    assert list(data["models"]) == ["bagging", "boosting", "deep", "champion (boosting)"]
    assert data["champion"] == {
        "number": 4,
        "digest": "feed",
        "row": "champion (boosting)",
        "skipped": None,
    }
    assert data["best"] == {"by_test_auc": "boosting", "by_test_log_loss": "boosting"}
    assert data["verdict"].startswith("champion (boosting) has the best test AUC")
    assert data["notes"] == ["Doubt it."]
    html = Path(written.html).read_text()
    assert "champion (boosting)" in html
    assert "Doubt it." in html
    _read(html)


def test_a_champion_that_was_not_evaluated_leaves_its_reason(tmp_path: Path) -> None:
    skipped = ReportedChampion({"number": 4}, None, "no column zone")
    written = build(three(), title="t", output_uri=str(tmp_path), context={}, champion=skipped)
    data = json.loads(Path(written.json).read_text())
    assert data["champion"] == {"number": 4, "row": None, "skipped": "no column zone"}
    assert set(data["models"]) == {"bagging", "boosting", "deep"}


def test_a_champion_on_other_test_rows_is_not_compared(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"split test: .*champion \(boosting\) 7999"):
        build(three(), title="t", output_uri=str(tmp_path), context={}, champion=_champion(7_999))

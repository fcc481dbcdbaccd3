"""`make demo-text`: the page, and the numbers for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.text_demo.contenders import SETTINGS, contenders
from benchmarks.text_demo.report import page, table, write
from tests.benchmarks.text_demo.samples import MEANS, found


def test_every_contender_has_as_many_settings_and_their_names_are_their_own() -> None:
    everyone = contenders()
    assert {len(each.settings) for each in everyone} == {SETTINGS}
    assert len({each.name for each in everyone}) == len(everyone) == len(MEANS)


def test_the_numbers_are_there_for_programs(tmp_path: Path) -> None:
    write(found(MEANS), tmp_path)
    data = json.loads((tmp_path / "report.json").read_text())
    assert data["holds"] is True
    frozen = data["contenders"]["frozen"]
    assert frozen["accuracies"] == pytest.approx([0.748, 0.75, 0.752])
    assert frozen["accuracy"]["high"] == pytest.approx(0.75 + 4.3027 * 0.002 / 3**0.5, rel=1e-5)
    assert frozen["binomial_error"] == pytest.approx((0.75 * 0.25 / 1500) ** 0.5)
    assert frozen["chosen"] == [1, 1, 1]
    assert frozen["trained_parameters"] == 770
    assert frozen["seconds"] == 30.0


def test_the_page_tells_order_settings_and_intervals_and_escapes_what_it_shows() -> None:
    shown = page(found({**MEANS, "fine_tune": 0.809}))
    assert "The expected order holds" in shown
    assert "fine_tune and frozen_then_fine_tune" in shown  # their intervals overlap
    assert "0.8100 <small>(0.805 … 0.815)</small>" in shown
    assert "learning_rate 0.00025" in shown
    assert "2 cores &lt;x86_64&gt;" in shown
    assert "http" not in shown.replace("http://www.w3.org", "")


def test_a_page_of_an_order_that_does_not_hold_says_so() -> None:
    wrong = found({**MEANS, "as_is": 0.9}, seeds=1)
    shown = page(wrong)
    assert not wrong.holds
    assert '<p class="verdict wrong">The expected order does NOT hold' in shown
    assert "One seed has no interval" in shown


def test_the_terminal_has_a_line_for_each_contender_the_best_first() -> None:
    lines = table(found(MEANS)).splitlines()
    assert lines[1].startswith("frozen_then_fine_tune")
    assert lines[len(MEANS)].startswith("as_is")
    assert max(map(len, lines[: len(MEANS) + 1])) <= 100

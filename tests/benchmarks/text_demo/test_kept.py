"""`make demo-text`: what an interrupted run finds again."""

from __future__ import annotations

from pathlib import Path

from benchmarks.text_demo import kept


def test_a_finished_result_is_found_again(tmp_path: Path) -> None:
    path, of = tmp_path / "seed-0" / "trial.json", {"seed": 0, "params": ({"eta": 0.1},)}
    kept.save(path, of, {"validation": 0.75})
    assert kept.load(path, of) == {"validation": 0.75}


def test_what_was_made_of_other_params_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "trial.json"
    kept.save(path, {"rows": 200}, {"validation": 0.75})
    assert kept.load(path, {"rows": 1500}) is None


def test_a_damaged_file_is_as_none(tmp_path: Path) -> None:
    path = tmp_path / "trial.json"
    assert kept.load(path, {}) is None
    path.write_text('{"of": {}, "resu')
    assert kept.load(path, {}) is None
    path.write_text("[]")
    assert kept.load(path, {}) is None

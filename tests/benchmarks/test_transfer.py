"""`python -m benchmarks transfer`: what is made of its figures, and what everybody trains on."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.environments import NoEnvironmentError
from benchmarks.transfer import measure, plot, results
from benchmarks.transfer.checkpoint import write_random
from benchmarks.transfer.options import Options
from benchmarks.transfer.results import Figures, comparisons, markdown, rows
from benchmarks.transfer.workload import BATCH, LENGTH, texts, token_ids
from pipeline.deep.padded import Padded
from pipeline.transfer import checkpoints
from pipeline.transfer.tokenising import Tokeniser


def _figures(what: str, rates: list[float], threads: int = 1, dropout: float = 0.1) -> Figures:
    return Figures(what, threads, dropout, rates, foreign=[0.1] * len(rates))


def test_ours_is_held_against_the_faster_attention_repeat_by_repeat() -> None:
    figures = [
        _figures(results.OURS, [9.0, 4.5, 18.0]),
        _figures(results.SDPA, [10.0, 5.0, 10.0]),
        _figures(results.EAGER, [8.0, 9.0, 8.5]),
    ]
    (found,) = comparisons(figures)
    assert found.other.what == results.SDPA
    assert found.ratio == pytest.approx(0.9)
    assert found.goal().is_met
    assert "9.0 / 10.0 rows/s, ratio 0.900 (0.900 to 1.800)" in found.goal().sentence


def test_bare_horovod_is_to_be_reached_up_to_five_hundredths() -> None:
    gang, bare = _figures(results.GANG, [9.4]), _figures(results.BARE, [10.0])
    assert [each.goal().is_met for each in comparisons([gang, bare])] == [False]
    assert [each.bound for each in comparisons([gang, bare])] == [0.95]


def test_only_what_has_the_same_threads_and_dropout_is_compared() -> None:
    ours = _figures(results.OURS, [9.0])
    others = [
        _figures(results.SDPA, [10.0], threads=2),
        _figures(results.SDPA, [10.0], dropout=0.0),
    ]
    assert comparisons([ours, *others]) == []


def test_the_table_tells_by_cpu_time_too() -> None:
    figures = [_figures(results.OURS, [9.0]), _figures(results.SDPA, [10.0])]
    for each, rate in zip(figures, (22.0, 20.0), strict=True):
        each.cpu_rates.append(rate)
    lines = markdown(rows(figures)).splitlines()
    assert (
        "| ours | 1 | 0.1 | 9.0 | 9.0 | 9.0 | 22.0 | 0.1 | transformers, sdpa | 0.9 |" in lines[2]
    )
    assert comparisons(figures)[0].goal().sentence.endswith("by CPU time 1.100")


def test_a_picture_is_drawn_of_a_run_without_transformers(tmp_path: Path) -> None:
    figures = [
        _figures(results.OURS, [9.0]),
        _figures(results.GANG, [9.0]),
        _figures(results.BARE, [9.0]),
    ]
    told = [{key: str(value) for key, value in row.items()} for row in rows(figures)]
    blank = dict.fromkeys(results.FIELDS, "")
    plot.draw([{**blank, **row} for row in told], tmp_path / "drawn.png")
    assert (tmp_path / "drawn.png").stat().st_size > 0


class _Environment:
    def __init__(self, missing: str = "") -> None:
        self._missing = missing

    def python(self) -> Path:
        if self._missing:
            raise NoEnvironmentError(self._missing)
        return Path("python")


@pytest.mark.parametrize(
    ("missing", "bare", "code"), [("", 10.0, 0), ("", 20.0, 1), ("no disk", 10.0, 1)]
)
def test_a_check_fails_below_a_bound_and_without_transformers(
    missing: str,
    bare: float,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = [_figures(results.GANG, [10.0]), _figures(results.BARE, [bare])]
    monkeypatch.setattr(results, "PATH", tmp_path / "found.csv")
    monkeypatch.setattr(plot, "PATH", tmp_path / "found.png")
    monkeypatch.setattr(measure, "TRANSFORMERS", _Environment(missing))
    monkeypatch.setattr(measure, "checkpoint", Path)
    monkeypatch.setattr(measure, "_passes", lambda *_: [])
    monkeypatch.setattr(measure, "_gangs", lambda *_: found)
    options = Options(check=True, repeats=1, passes=1, epochs=2, rows=1, noisy=True)
    assert measure.run(options) == code
    told = capsys.readouterr().out.splitlines()
    skipped = ["skipped: transformers with PyTorch (no disk)"] if missing else []
    assert [line for line in told if line.startswith("skipped")] == skipped
    assert (tmp_path / "found.csv").exists()


def test_texts_and_ids_have_as_many_tokens_as_a_row_holds(tmp_path: Path) -> None:
    where = write_random(tmp_path)
    told = [text for _, text, _ in texts(5, 0, where / "vocab.txt")]
    encoded = Tokeniser.load(str(where), LENGTH).encode(told).rows
    assert Padded(encoded.shape[1]).lengths(encoded).tolist() == [LENGTH] * 5
    ids, labels = token_ids(BATCH, seed=0)
    assert ids.shape == (BATCH, LENGTH)
    assert set(labels) == {0.0, 1.0}
    assert ids.min() > 0


def test_random_weights_stand_in_for_minilm(tmp_path: Path) -> None:
    found = checkpoints.read(write_random(tmp_path))
    assert found.config.num_hidden_layers == 6
    assert found.config.hidden_size == 384

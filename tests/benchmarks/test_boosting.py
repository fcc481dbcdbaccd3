from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.bagging.table import Matrices
from benchmarks.boosting import goals, plot, results, rows
from benchmarks.boosting.comparison import Comparison, schedule
from benchmarks.boosting.contenders import Contender
from benchmarks.boosting.load import QUIET, Families, Load, Meter
from benchmarks.boosting.memory import share_out
from benchmarks.boosting.options import Options
from benchmarks.boosting.remote import Remote, Servant
from benchmarks.boosting.results import Figures, Timing

OPTIONS = Options(
    check=True,
    repeats=2,
    mllib_repeats=1,
    rows=None,
    rounds=20,
    skip=(),
    scale=(),
    scale_repeats=1,
    noisy=False,
    memory=False,
)


class Adder(Servant):
    def __init__(self, start: int) -> None:
        self._start = start

    def add(self, number: int) -> int:
        return self._start + number


class FakeContender(Contender):
    def __init__(self, name: str) -> None:
        super().__init__(name, [])

    def fit(self, rounds: int) -> Timing:
        return Timing(rounds / 10, loop=rounds / 20, times=2)

    def auc(self) -> float:
        return 0.75

    def note(self) -> str:
        return "fake"


class FakeMeter(Meter):
    def __init__(self, loads: Iterable[float]) -> None:
        super().__init__([])
        self._loads = iter(loads)

    def measure(self, pids: Iterable[int], run: Callable[[], Any]) -> tuple[Any, Load]:
        return run(), Load(3.0, next(self._loads))

    def wait_until_quiet(self) -> None:
        return None


def figures_of(what: str, seconds: float, loop: float, auc: float = 0.8) -> Figures:
    return Figures(
        what, 1000, 200, 26, [Timing(seconds, loop=loop), Timing(9e9, loop=8e9)], auc=auc
    )


def measured(**changed: Figures) -> dict[str, Figures]:
    figures = [
        figures_of(results.NATIVE, 11, 10),
        figures_of(results.APART, 9, 8),
        figures_of(results.RABIT, 11, 10),
        figures_of(results.OURS, 13, 10.5),
        figures_of(results.OURS_BARE, 13, 10),
        figures_of(results.SAMPLED, 13, 5),
        figures_of(results.SAMPLED_BARE, 13, 5),
        figures_of(results.OURS_TWO, 13, 10.9),
        figures_of(results.SPARK_TWO, 40, 0),
        figures_of(results.SPARK_ONE, 20, 0),
    ]
    return {**{item.what: item for item in figures}, **changed}


def test_a_remote_answers_and_raises_what_its_servant_raises() -> None:
    with Remote(Adder, 3) as remote:
        assert remote.call("add", 4) == 7
        assert list(remote.pids) != [os.getpid()]
        with pytest.raises(RuntimeError, match="unsupported operand"):
            remote.call("add", "four")
        assert remote.call("add", 5) == 8


def test_cpu_seconds_are_of_descendants_too_that_nobody_waited_for() -> None:
    spin = (
        "import os, signal, time\n"
        "signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
        "if os.fork() == 0:\n"
        "    while time.process_time() < 2.5: pass\n"
        "    os._exit(0)\n"
        "try: os.wait()\n"
        "except ChildProcessError: pass\n"
    )
    with Families({"ours": [os.getpid()], "others": []}) as families:
        subprocess.run([sys.executable, "-c", spin], check=True)
    assert families.seconds("ours") >= 0.7
    assert families.seconds("others") == 0


def test_what_the_benchmark_does_itself_is_no_foreign_load() -> None:
    def spin() -> None:
        end = time.process_time() + 0.5
        while time.process_time() < end:
            pass

    _, load = Meter([]).measure([os.getpid()], spin)
    assert load.cpu_s == pytest.approx(0.5, abs=0.2)
    # Whoever else runs here, this process is not among them.
    assert load.foreign <= (os.cpu_count() or 1) - 0.2


def test_repeats_under_foreign_load_are_done_again() -> None:
    comparison = Comparison(FakeMeter([QUIET, QUIET + 1, 0.0]), OPTIONS)
    figures = {"x": Figures("x", 1, 20, 1)}
    comparison.measure([FakeContender("x")], figures, 2)
    found = figures["x"]
    assert [len(found.timings), found.discarded, found.loaded] == [2, 1, 0]
    assert found.best.cpu == 6.0
    assert (found.auc, found.note) == (0.75, "fake")


def test_the_least_loaded_of_three_tries_counts_and_is_marked() -> None:
    comparison = Comparison(FakeMeter([0.9, 0.5, 0.7]), OPTIONS)
    figures = {"x": Figures("x", 1, 20, 1)}
    comparison.measure([FakeContender("x")], figures, 1)
    assert [len(figures["x"].timings), figures["x"].discarded, figures["x"].loaded] == [1, 2, 1]


def test_everybody_comes_in_turn() -> None:
    assert list(schedule(["a", "mllib", "b"], 2, 1)) == ["a", "mllib", "b", "a", "b"]


def test_goals_are_of_the_least_of_the_repeats() -> None:
    assert all(goal.is_met for goal in goals.goals(measured()))


@pytest.mark.parametrize(
    ("what", "seconds", "loop", "auc", "missed"),
    [
        (results.OURS, 13, 11.1, 0.8, ["loop ≤ 1.10 x native"]),
        (results.OURS, 13.2, 10, 0.8, ["whole fit ≤ loop"]),
        (results.OURS_TWO, 13, 11.1, 0.8, ["loop ≤ 1.10 x bare rabit"]),
        (results.OURS_TWO, 13, 10, 0.796, ["test AUC"]),
        (results.SPARK_TWO, 38, 0, 0.8, ["≥ 3"]),
        (results.SPARK_ONE, 16, 0, 0.8, ["best setting"]),
    ],
)
def test_goals_that_are_missed(
    what: str, seconds: float, loop: float, auc: float, missed: list[str]
) -> None:
    found = goals.goals(measured(**{what: figures_of(what, seconds, loop, auc)}))
    sentences = [goal.sentence for goal in found if not goal.is_met]
    assert len(sentences) == len(missed)
    assert all(part in sentence for part, sentence in zip(missed, sentences, strict=True))


def test_remarks_are_shares_of_loops() -> None:
    found = goals.remarks(measured())
    assert found[results.RABIT].startswith("20.0% of the loop")
    assert "10.00 ms of a round" in found[results.RABIT]
    assert found[results.OURS] == "checkpoints cost +5.0% of the loop"


def test_a_row_of_the_file_has_all_its_fields(tmp_path: Path) -> None:
    found = results.rows(measured().values())
    assert all(set(row) == set(results.FIELDS) for row in found)
    ours = next(row for row in found if row["what"] == results.OURS)
    assert (ours["seconds"], ours["loop_s"], ours["ratio"]) == (13, 10.5, 1)
    plot.draw([{name: str(value) for name, value in row.items()} for row in found], tmp_path / "x")
    assert (tmp_path / "x.png").exists() or (tmp_path / "x").exists()


def test_copies_differ_a_little_where_they_may() -> None:
    features = np.arange(1, 7, dtype=np.float32).reshape(3, 2)
    found = rows.repeated(Matrices(features, np.arange(3, dtype=np.float32)), 2, [1])
    assert found.labels.tolist() == [0, 0, 1, 1, 2, 2]
    assert (found.features[::2] == features).all()
    assert (found.features[1::2, 0] == features[:, 0]).all()
    assert (found.features[1::2, 1] != features[:, 1]).any()
    assert np.allclose(found.features[1::2], features, rtol=0.01)


def test_bytes_are_shared_out_among_columns_rows_and_values() -> None:
    sizes = [(rows, columns) for rows in (200_000, 400_000, 800_000) for columns in (10, 50)]
    bytes_ = [5e6 + 3e5 * columns + rows * (50 + 2 * columns) for rows, columns in sizes]
    found = share_out(sizes, bytes_)
    assert [found.fixed, found.column, found.row, found.value] == pytest.approx([5e6, 3e5, 50, 2])

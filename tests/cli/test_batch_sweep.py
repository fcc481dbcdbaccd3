"""`emr-ensembles batch-sweep` and its job."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from pipeline.cli import batch_sweep, jobs
from pipeline.cli.batch_sweep import drawn, told
from pipeline.cli.main import main
from pipeline.deep.batch_sweep import Pair
from tests.small_tables import made, parquet, table

ROOT = Path(__file__).resolve().parents[2]
NAN = float("nan")
PAIRS = [
    Pair(64, 0.01, (0.5, 0.6), 1000.0),
    Pair(64, 10.0, (NAN, NAN), NAN),
    Pair(256, 0.01, (0.52, 0.5), 3000.0),
]


def test_the_table_names_the_pair_with_the_least_loss() -> None:
    lines = told(PAIRS).splitlines()
    assert lines[1].split() == ["64", "0.01", "0.5500", "0.0707", "1000"]
    assert lines[2].split() == ["64", "10", "-", "-", "-"]
    assert lines[-1] == "least loss: deep.batch_size: 256, deep.learning_rate: 0.01"
    assert told(PAIRS[1:2]).endswith("all trainings diverged: take smaller learning rates\n")


def test_the_figure_can_be_drawn_whatever_diverged() -> None:
    for pairs in (PAIRS, PAIRS[:1], PAIRS[1:2]):
        ElementTree.fromstring(drawn(pairs))


@pytest.mark.usefixtures("spark")
def test_the_job_tries_all_pairs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "batch_sweep", batch_sweep.TOOL.run, raising=False)
    parquet(table(200))(tmp_path)
    workshop = made(tmp_path, {"deep": {"hidden": [8], "optimiser": "sgd"}})
    assert workshop.run("prepare").code == 0
    given = ("--batches", "16", "64", "--rates", "0.01", "1e30", "--orders", "2", "--epochs", "2")
    ended = workshop.run("batch_sweep", *given)
    assert ended.code == 0, ended.said
    lines = (tmp_path / "out/tools/batch-sweep.csv").read_text().splitlines()
    assert lines[0] == "batch_size,learning_rate,loss,spread,rows_per_s,losses"
    assert [line.split(",")[:2] for line in lines[1:]] == [
        ["16", "0.01"], ["16", "1e+30"], ["64", "0.01"], ["64", "1e+30"],
    ]  # fmt: skip
    first, diverged = lines[1].split(","), lines[2].split(",")
    assert float(first[3]) > 0  # shuffling does move the loss
    assert diverged[5] == "nan nan"
    assert "least loss: deep.batch_size: " in capsys.readouterr().out
    assert not (tmp_path / "out/models").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--batches", "0"], "batch sizes: one or more positive numbers are needed"),
        (["--rates", "-1"], "learning rates: one or more positive numbers are needed"),
        (["--orders", "0"], "orders must be 1 or more, not 0"),
        (["--epochs", "0"], "epochs must be 1 or more, not 0"),
    ],
)
def test_what_is_no_sweep_is_refused(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config = str(ROOT / "conf" / "flights.yaml")
    assert main(["batch-sweep", "--config", config, "--master", "local[1]", *arguments]) == 2
    assert message in capsys.readouterr().err

"""`emr-ensembles lr-range` and its job."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from pipeline.cli import jobs, lr_range
from pipeline.cli.lr_range import drawn
from pipeline.cli.main import main
from pipeline.deep.rate_range import RateRange
from tests.small_tables import made, parquet, table

ROOT = Path(__file__).resolve().parents[2]


def test_the_figure_shows_losses_and_the_suggestion() -> None:
    found = RateRange((1e-4, 1e-3, 1e-2, 1e-1), (1.0, 0.8, 0.5, 2.0))
    figure = ElementTree.fromstring(drawn(found))
    assert "suggestion 0.001" in "".join(figure.itertext()) or len(list(figure.iter())) > 50


@pytest.mark.usefixtures("spark")
def test_the_job_writes_losses_and_a_figure_and_no_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "lr_range", lr_range.TOOL.run, raising=False)
    parquet(table(200))(tmp_path)
    deep = {"hidden": [8], "batch_size": 32, "optimiser": "sgd"}
    workshop = made(tmp_path, {"deep": deep, "if_exists": "refuse"})
    assert workshop.run("lr_range").code == 2  # nothing is prepared yet
    assert workshop.run("prepare").code == 0
    ended = workshop.run("lr_range", "--steps", "30", "--high", "10")
    assert ended.code == 0, ended.said
    assert "suggestion: deep.learning_rate: " in capsys.readouterr().out
    lines = (tmp_path / "out/tools/lr-range.csv").read_text().splitlines()
    assert lines[0] == "learning_rate,loss,smoothed"
    assert 10 < len(lines) <= 31
    ElementTree.fromstring((tmp_path / "out/tools/lr-range.svg").read_bytes())
    assert not (tmp_path / "out/models").exists()
    assert not (tmp_path / "out/checkpoints").exists()


def test_a_range_that_is_none_is_refused_before_anything_starts(
    capsys: pytest.CaptureFixture[str],
) -> None:
    config = str(ROOT / "conf" / "flights.yaml")
    arguments = ["lr-range", "--config", config, "--master", "local[1]", "--low", "1"]
    assert main([*arguments, "--high", "0.1"]) == 2
    assert "0 < low < high is needed, not 1 and 0.1" in capsys.readouterr().err

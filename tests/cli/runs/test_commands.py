"""`emr-ensembles runs`: what the records say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.cli.main import main
from pipeline.cli.runs.job_run import JobRun
from pipeline.errors import DataError
from tests.cli.runs.made import config_of


@pytest.fixture
def output(tmp_path: Path) -> str:
    """A run that succeeded and a later one, of another seed, that failed."""
    config = config_of(tmp_path)
    with JobRun("boost", config, "run-1", {}) as run:
        run.note(metrics={"boosting": {"fit_seconds": 1.5}}, data_fingerprint="feed" * 16)

    def fails() -> None:
        with JobRun("boost", config_of(tmp_path, seed=3), "run-2", {}):
            raise DataError("column y is null in 5 rows")

    with pytest.raises(DataError):
        fails()
    return config.output


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["runs", *arguments]) == 0
    return capsys.readouterr().out


def test_a_list_has_a_line_for_each_run(output: str, capsys: pytest.CaptureFixture[str]) -> None:
    head, first, second = said(capsys, "list", "--output", output).splitlines()
    assert head.split() == ["run", "outcome", "took", "name", "jobs"]
    assert first.split()[:2] == ["run-1", "success"]
    assert second.split()[-1] == "boost:failed"


def test_show_is_of_the_last_run_and_tells_its_error(
    output: str, capsys: pytest.CaptureFixture[str]
) -> None:
    told = said(capsys, "show", "--output", output)
    assert "run      run-2" in told
    assert "outcome  failed (2)" in told
    assert "boost: column y is null in 5 rows\nfull log: " in told


def test_show_tells_figures(output: str, capsys: pytest.CaptureFixture[str]) -> None:
    told = said(capsys, "show", "run-1", "--output", output)
    assert "boosting.fit_seconds 1.5" in told
    record = json.loads(said(capsys, "show", "run-1", "--json", "--output", output))
    assert record["jobs"]["boost"]["metrics"] == {"boosting": {"fit_seconds": 1.5}}


def test_compare_tells_what_differs(output: str, capsys: pytest.CaptureFixture[str]) -> None:
    told = said(capsys, "compare", "run-1", "run-2", "--output", output)
    rows = {line.split()[0]: line.split()[1:] for line in told.splitlines()[1:]}
    assert rows["outcome"] == ["success", "failed"]
    assert rows["config.seed"] == ["0", "3"]
    assert "config.columns.label" not in rows
    assert ["boosting.fit_seconds", "1.5", "-"] in [line.split()[1:] for line in told.splitlines()]


def test_a_config_names_the_output(
    output: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "job.yaml").write_text(config_of(tmp_path).model_dump_json(exclude_none=True))
    told = said(capsys, "list", "--config", str(tmp_path / "job.yaml"))
    assert len(told.splitlines()) == 3


def test_a_name_that_is_not_one_runs_is_refused(
    output: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["runs", "show", "run-", "--output", output]) == 2
    assert "more than one begins so: run-1, run-2" in capsys.readouterr().err
    assert main(["runs", "show", "none", "--output", output]) == 2
    assert "no run none; the last runs are: run-1, run-2" in capsys.readouterr().err


def test_no_runs_is_no_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "list", "--output", str(tmp_path)]) == 0
    assert "no runs below" in capsys.readouterr().err
    assert main(["runs", "show", "--output", str(tmp_path)]) == 2


def test_a_run_that_was_killed_before_it_had_a_record_is_a_line(
    output: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out" / "runs" / "run-0").mkdir()
    lines = said(capsys, "list", "--output", output).splitlines()
    assert lines[1].split()[:3] == ["run-0", "no", "record"]
    assert len(lines) == 4


def test_the_last_run_is_the_one_that_began_last(
    output: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with JobRun("boost", config_of(tmp_path), "a-later-one", {}):
        pass
    assert "run      a-later-one" in said(capsys, "show", "--output", output)

"""A submission as a library has it; everything lies on a disk, and AWS is not asked."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from pipeline import files
from pipeline.cli.emr.submission import submission
from pipeline.cli.output_places import JOBS
from pipeline.emr.running.record import ClusterRecord
from pipeline.emr.steps import tags_in, variable_in
from pipeline.errors import UserError
from tests.cli.emr.submitting import SMALL, config_file
from tests.emr.clusters.samples import artifacts, cluster
from tests.emr.pretended import argument


@pytest.fixture
def record(tmp_path: Path) -> ClusterRecord:
    return ClusterRecord(cluster(), artifacts(), str(tmp_path / "base"))


def test_a_submission_has_a_step_for_each_job_and_its_code_and_config_are_staged(
    tmp_path: Path, record: ClusterRecord
) -> None:
    made = submission(record, config_file(tmp_path), run_id="run-1", date="2026-11-29")
    assert made.batches == [list(JOBS)]
    step = made.step("boost")
    assert step["Name"] == "small boost run-1"
    assert step["ActionOnFailure"] == "CANCEL_AND_WAIT"
    arguments = step["HadoopJarStep"]["Args"]
    assert tags_in(arguments)[:3] == ["emr-ensembles", "run-1", "boost"]
    assert variable_in(arguments, "EMR_ENSEMBLES_DATE") == "2026-11-29"
    assert made.config.output == "s3://bucket/out/2026-11-29"
    assert b"${date}" in files.read_bytes(argument(arguments, "--config"))
    with zipfile.ZipFile(
        io.BytesIO(files.read_bytes(argument(arguments, "--py-files")))
    ) as archive:
        assert "pipeline/cli/jobs.py" in archive.namelist()
    assert files.exists(f"{made.places.entry_points}/boost.py")


def test_a_job_may_be_given_further_arguments(tmp_path: Path, record: ClusterRecord) -> None:
    made = submission(record, config_file(tmp_path), run_id="r", date="2026-11-29", jobs=["score"])
    step = made.step("score", ["--model", "champion"])
    assert step["HadoopJarStep"]["Args"][-2:] == ["--model", "champion"]
    assert made.step("score")["Name"] == step["Name"]


def test_the_same_is_made_from_the_same(tmp_path: Path, record: ClusterRecord) -> None:
    file = config_file(tmp_path)
    one, two = (
        submission(record, file, run_id="r", date="2026-11-29", jobs=["prepare"]) for _ in "12"
    )
    assert one.step("prepare") == two.step("prepare")


def test_on_a_cluster_that_runs_several_steps_trainers_that_fit_are_one_batch(
    tmp_path: Path, record: ClusterRecord
) -> None:
    several = ClusterRecord(cluster(step_concurrency=3), record.artifacts, record.base)
    file = config_file(tmp_path, spark=SMALL)
    made = submission(several, file, run_id="r", date="2026-11-29")
    assert made.batches == [["prepare"], ["bag", "boost", "deep"], ["score"], ["report"]]
    assert made.step("bag")["ActionOnFailure"] == "CONTINUE"


def test_what_would_fail_is_refused_and_nothing_is_staged(
    tmp_path: Path, record: ClusterRecord
) -> None:
    with pytest.raises(UserError, match=r"gang.workers[^\n]*\n[^\n]*output: file:"):
        submission(
            record,
            config_file(tmp_path),
            run_id="r",
            date="2026-11-29",
            overrides=["gang.workers=99", "output=/tmp/x"],
        )
    assert not files.exists(record.base)

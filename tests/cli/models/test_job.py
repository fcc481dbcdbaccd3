"""A config as promotion reads it: the same places as the jobs', whatever else stands in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.cli.job_config import JobConfig
from pipeline.cli.models.job import load_job
from pipeline.cli.output_places import FREE_KEYS, data_uri, model_uri, report_uri
from pipeline.config import load
from pipeline.data.prepared import table_uri
from pipeline.errors import ConfigError

CONFIG = """
name: churn
output: s3://bucket/churn/${date}
promotion: {registry: s3://bucket/champions, margin: 0.01}
source: {kind: csv, uri: table.csv}
columns: {label: y}
spark: {spark.executor.memory: 2g}
boosting: {eta: 0.1}
"""


def test_its_places_are_those_of_the_jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMR_ENSEMBLES_DATE", "2026-11-22")
    (tmp_path / "job.yaml").write_text(CONFIG)
    for overrides in ([], ["output=out", "promotion.name=x", "spark.executor.cores=2"]):
        job = load_job(str(tmp_path / "job.yaml"), overrides)
        config = load(JobConfig, tmp_path / "job.yaml", overrides, FREE_KEYS)
        assert (job.name, job.output, job.promotion) == (
            config.name,
            config.output,
            config.promotion,
        )
        assert job.champions_uri == config.promotion.champions_uri(config.name)
        assert model_uri(job.output, "deep") == config.model_uri("deep")
        assert report_uri(job.output) == config.report_uri
        assert data_uri(job.output) == table_uri(config.output)
    assert load_job(str(tmp_path / "job.yaml")).output == "s3://bucket/churn/2026-11-22"


def test_what_is_wrong_with_its_own_keys_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_text("output: ''\npromotion: {margn: 1, metric: f1}")
    with pytest.raises(ConfigError) as refused:
        load_job(str(tmp_path / "job.yaml"))
    assert len(refused.value.problems) == 4  # the missing name too

"""Where scores go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.cli.job_config import JobConfig
from pipeline.cli.scoring import model_uri, score_table
from pipeline.data.settings import SourceSettings
from pipeline.errors import UserError


@pytest.fixture
def config(tmp_path: Path) -> JobConfig:
    return JobConfig(
        name="job",
        output=str(tmp_path / "out"),
        source=SourceSettings(kind="flights"),
        columns={"label": "late"},
    )


def test_scores_never_replace_what_is_somebody_elses(config: JobConfig, tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("kept")
    source = SourceSettings(kind="parquet", uri=str(tmp_path / "in"))
    no_spark: Any = None
    with pytest.raises(UserError, match="was not written by this job"):
        score_table(config, no_spark, "boosting", source, str(tmp_path / "precious"))
    assert (tmp_path / "precious" / "file").read_text() == "kept"


def test_a_model_is_named_by_its_trainer_or_its_place(config: JobConfig, tmp_path: Path) -> None:
    assert model_uri(config, "deep") == config.model_uri("deep")
    assert model_uri(config, "s3://bucket/model") == "s3://bucket/model"
    assert model_uri(config, "deep@2") == config.model_uri("deep") + "@2"
    assert model_uri(config, str(tmp_path / "m@3")) == (tmp_path / "m").as_uri() + "@3"

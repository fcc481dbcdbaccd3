"""What a run does again, and why; what it keeps."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from pipeline import files
from pipeline.cli.job_config import JobConfig
from pipeline.cli.output_places import JOBS
from pipeline.cli.runs.resume import decide
from pipeline.store.champions import enthrone
from tests.cli.runs.made import config_of, make
from tests.transfer import tiny_bert

KEPT = "nothing it depends on has changed"


@pytest.fixture
def config(tmp_path: Path) -> JobConfig:
    """All jobs are done."""
    config = config_of(tmp_path)
    for job in JOBS:
        make(job, config)
    return config


def reasons(config: JobConfig) -> dict[str, str]:
    """Why each job must be done; those that are kept are left out."""
    found = {job: decide(job, config) for job in JOBS}
    return {job: decision.reason for job, decision in found.items() if decision.must_run}


def changed(config: JobConfig, **more: Any) -> JobConfig:
    return JobConfig.model_validate({**config.model_dump(exclude_none=True), **more})


def test_at_first_everything_is_to_be_done(tmp_path: Path) -> None:
    found = reasons(config_of(tmp_path))
    assert list(found) == list(JOBS)
    assert set(found.values()) == {"its output is not there yet"}


def test_what_is_done_is_kept(config: JobConfig) -> None:
    assert reasons(config) == {}
    assert decide("boost", config).reason == KEPT
    assert decide("boost", config).facts == {"metrics": {"boosting": {"fit_seconds": 1.5}}}
    assert decide("report", config).facts["metrics"]["deep"] == {"auc": 0.75}
    assert decide("prepare", config).facts["data_fingerprint"] == "x"


def test_a_trainers_key_concerns_its_job_alone(config: JobConfig) -> None:
    other = changed(config, boosting={"eta": 0.1})
    assert reasons(other) == {"boost": "boosting.eta is 0.1 and was not set"}


def test_a_seed_concerns_the_table_and_all_trainers(config: JobConfig) -> None:
    found = reasons(changed(config, seed=3))
    assert list(found) == list(JOBS)
    assert found["prepare"] == "seed was 0 and is 3"
    assert found["deep"] == "the prepared table was made by other settings"


def test_a_gang_of_another_size_concerns_gangs(config: JobConfig) -> None:
    found = reasons(changed(config, gang={"workers": 3}))
    assert found == dict.fromkeys(("boost", "deep"), "gang.workers was 0 and is 3")


@pytest.mark.parametrize(
    "more", [{"gang": {"wait": 5}}, {"spark": {"spark.executor.memory": "2g"}}, {"scratch": "/x"}]
)
def test_what_changes_no_result_concerns_no_job(config: JobConfig, more: dict[str, Any]) -> None:
    assert reasons(changed(config, **more)) == {}


def test_a_source_file_that_changed_is_read_again(config: JobConfig, tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("y,a\n1,3\n")
    os.utime(tmp_path / "table.csv", (1, 1))
    assert reasons(config) == {"prepare": "the source's files changed"}
    make("prepare", config, "x")
    assert reasons(config) == {}, "the same rows came out: the models are those of these rows"
    make("prepare", config, "other rows")
    assert reasons(config)["bag"] == "the prepared table changed"


def test_a_later_job_alone_does_not_take_the_table_of_other_settings(config: JobConfig) -> None:
    other = changed(config, split={"train": 0.6, "validation": 0.2, "test": 0.2})
    assert decide("boost", other).reason == "the prepared table was made by other settings"


def test_models_of_an_earlier_table_are_no_part_of_scores_and_report(config: JobConfig) -> None:
    make("prepare", config, "other rows")
    make("bag", config)
    make("score", config)
    make("report", config)
    assert list(reasons(config)) == ["boost", "deep"]


def test_a_report_page_that_was_not_brought_up_to_date_is_made_again(config: JobConfig) -> None:
    files.write_bytes(files.join(config.report_uri, "report.html"), b"of yesterday")
    assert reasons(config) == {"report": "report.html is not that of the newest version"}


def test_sql_settings_concern_the_table(config: JobConfig) -> None:
    spark = {"spark.sql.session.timeZone": "UTC", "spark.sql.shuffle.partitions": 3}
    found = reasons(changed(config, spark=spark))
    assert found["prepare"] == "spark.spark.sql.session.timeZone is 'UTC' and was not set"


def test_a_secret_is_neither_kept_nor_compared(tmp_path: Path) -> None:
    options = {"fs.s3a.secret.key": "hush"}
    source = {"kind": "csv", "uri": str(tmp_path / "table.csv"), "options": options}
    config = config_of(tmp_path, source=source)
    make("prepare", config)
    assert not decide(
        "prepare", changed(config, source={**source, "options": {"fs.s3a.secret.key": "another"}})
    ).must_run
    assert "hush" not in (tmp_path / "out" / "data" / "v000001.json").read_text()


def test_a_model_that_changed_is_scored_and_reported_again(config: JobConfig) -> None:
    make("boost", config, "other trees")
    assert reasons(config) == {
        "score": "boosting: the model changed",
        "report": "the model changed: boosting",
    }
    make("boost", config, "x")
    assert reasons(config) == {}, "the same model came out again"


def test_another_checkpoint_is_another_network(tmp_path: Path) -> None:
    place = tiny_bert.write(tmp_path / "checkpoint")
    columns = {"label": "y", "text": "note"}
    config = config_of(tmp_path, columns=columns, text={"checkpoint": str(place)})
    for job in JOBS:
        make(job, config)
    assert reasons(config) == {}
    assert reasons(changed(config, text={"checkpoint": str(place), "epochs": 9})) == {
        "deep": "text.epochs is 9 and was not set"
    }
    tiny_bert.write(place, seed=1)
    assert reasons(config) == {"deep": "the checkpoint's files changed"}
    (place / "model.safetensors").unlink()
    (place / "config.json").unlink()
    (place / "vocab.txt").unlink()
    (place / "tokenizer_config.json").unlink()
    assert reasons(config) == {"deep": "nothing tells whether the checkpoint changed"}
    without = reasons(changed(config, columns={"label": "y"}, text={}))
    assert without["deep"] == "the prepared table was made by other settings"


def test_what_a_catalog_holds_cannot_be_seen(tmp_path: Path) -> None:
    config = config_of(tmp_path, source={"kind": "table", "table": "db.t"})
    make("prepare", config)
    assert reasons(config)["prepare"] == "nothing tells whether the source changed"
    kept = decide("prepare", changed(config, if_exists="refuse"))
    assert not kept.must_run, "it would be refused, and nothing says that it must be done"


def test_output_whose_files_are_gone_is_made_again(config: JobConfig) -> None:
    (native,) = (name for name in files.children(config.model_uri("deep")) if "-" in name)
    files.delete(files.join(config.model_uri("deep"), native))
    assert reasons(config) == {"deep": "the files of its output are gone"}


def test_a_model_from_elsewhere_is_not_taken_for_this_runs(config: JobConfig) -> None:
    from pipeline.store import model_directory

    uri = config.model_uri("deep")
    model_directory.publish(uri, {"x": b""}, {"kind": "deep"}, if_exists="overwrite")
    assert reasons(config)["deep"] == "its output does not say what it was made from"


def test_many_changes_are_counted_rather_than_listed(config: JobConfig) -> None:
    more = {"eta": 0.1, "rounds": 3, "max_depth": 2, "gamma": 1.0, "subsample": 0.5}
    assert reasons(changed(config, boosting=more))["boost"].endswith("; 2 more")


def test_another_champion_concerns_the_report_alone(config: JobConfig, tmp_path: Path) -> None:
    other = changed(config, promotion={"registry": str(tmp_path / "champions")})
    assert reasons(other) == {}  # nobody is champion yet
    record = {"kind": "promotion", "trainer": "deep", "when": "2026-11-01"}
    uri = other.promotion.champions_uri(other.name)
    enthrone(uri, config.model_uri("deep"), record, seen=0)
    assert reasons(other) == {"report": "there is another champion"}

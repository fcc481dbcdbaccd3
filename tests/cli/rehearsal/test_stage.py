from pathlib import Path

import pytest

from pipeline import files
from pipeline.cli.job_config import FREE_KEYS, JobConfig
from pipeline.cli.rehearsal.stage import bring, move_places
from pipeline.config import load
from pipeline.errors import UserError
from tests.cli.rehearsal.rehearsed import small_config


def test_local_places_are_moved_and_the_users_overrides_stay(tmp_path: Path) -> None:
    config = small_config(tmp_path, "small", scratch=str(tmp_path / "scratch"))
    given = load(JobConfig, str(config), ["seed=9"], FREE_KEYS)
    base = (tmp_path / "base").as_uri()
    staged = move_places(given, str(config), ["seed=9"], base)
    assert staged.config.seed == 9
    assert staged.config.output == f"{base}/small/output"
    assert staged.config.scratch == f"{base}/small/scratch"
    assert staged.overrides[0] == "seed=9"
    assert staged.config.source.uri is not None
    assert staged.config.source.uri.startswith(f"{base}/small/input/")
    assert files.read_bytes(staged.config.source.uri) == (tmp_path / "table.parquet").read_bytes()


def test_what_the_cluster_reaches_stays_where_it_is(tmp_path: Path) -> None:
    own = {"output": "hdfs://host/out", "source": {"kind": "parquet", "uri": "s3://bucket/x"}}
    config = small_config(tmp_path, "small", **own)
    given = load(JobConfig, str(config), [], FREE_KEYS)
    assert move_places(given, str(config), [], "hdfs://host/base").overrides == ()


def test_input_is_brought_once_and_anew_when_it_has_changed(tmp_path: Path) -> None:
    table = tmp_path / "table"
    table.mkdir()
    (table / "part=1").mkdir()
    (table / "part=1" / "a.csv").write_text("x\n1\n")
    base = (tmp_path / "base").as_uri()
    first = bring(str(table), base)
    stamps = files.stamps(first)
    assert [name for name, *_ in stamps] == ["part=1/a.csv"]
    assert bring(str(table), base) == first
    assert files.stamps(first) == stamps
    (table / "part=1" / "a.csv").write_text("x\n2\n")  # of the same size
    second = bring(str(table), base)
    assert second != first
    assert files.read_bytes(files.join(second, "part=1", "a.csv")) == b"x\n2\n"


def test_input_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"source.uri: .*none: there is no file"):
        bring(str(tmp_path / "none"), (tmp_path / "base").as_uri())

import tempfile
from pathlib import Path

import pytest

from pipeline.files.local_directory import local_directory, spool_directory


def test_large_temporary_files_go_where_spark_puts_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SPARK_EXECUTOR_DIRS", "LOCAL_DIRS"):
        monkeypatch.delenv(name, raising=False)
    assert local_directory().parent == Path(tempfile.gettempdir())
    monkeypatch.setenv("LOCAL_DIRS", "/mnt/yarn,/mnt1/yarn")
    assert local_directory() == Path("/mnt/yarn")
    monkeypatch.setenv("SPARK_EXECUTOR_DIRS", "/mnt/spark:/mnt1/spark")
    assert local_directory() == Path("/mnt/spark")


def test_spools_follow_only_directories_that_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SPARK_EXECUTOR_DIRS", raising=False)
    monkeypatch.setenv("LOCAL_DIRS", f"{tmp_path},/elsewhere")
    assert spool_directory() == tmp_path
    monkeypatch.setenv("LOCAL_DIRS", str(tmp_path / "gone"))
    assert spool_directory() is None
    monkeypatch.delenv("LOCAL_DIRS")
    assert spool_directory() is None

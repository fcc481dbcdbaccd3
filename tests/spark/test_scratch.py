import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from pipeline import files
from pipeline.errors import StoreError, UserError
from pipeline.spark.scratch import (
    Scratch,
    default_scratch,
    require_visible,
    sweep,
)

DAY = 24 * 3600.0


def mark(base: Path, name: str, content: object) -> Path:
    directory = base / name
    directory.mkdir(parents=True)
    text = content if isinstance(content, str) else json.dumps(content)
    (directory / "owner.json").write_text(text)
    (directory / "precious").write_text("rows")
    return directory


def owner(**changes: object) -> dict[str, object]:
    """The mark of a process that is gone."""
    return {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "started": 1.0,
        "written": time.time(),
        **changes,
    }


def test_it_is_there_while_open_and_deleted_at_the_end(tmp_path: Path) -> None:
    with Scratch(str(tmp_path / "base"), "boosting") as scratch:
        assert files.children(scratch.base) == [scratch.attempt_id]
        assert scratch.attempt_id.startswith("boosting-")
        require_visible(scratch.uri)
        files.write_bytes(files.join(scratch.uri, "deep", "x"), b"1")
    assert files.children(scratch.base) == []


def test_it_is_deleted_after_an_error_too(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="mine"), Scratch(str(tmp_path), "fit"):
        raise RuntimeError("mine")
    assert files.children(str(tmp_path)) == []


def test_two_fits_of_one_name_have_a_directory_each(tmp_path: Path) -> None:
    with Scratch(str(tmp_path), "fit") as one, Scratch(str(tmp_path), "fit") as two:
        assert one.uri != two.uri
        assert len(files.children(str(tmp_path))) == 2


def test_the_fits_own_outcome_matters_more_than_a_deletion_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(uri: str) -> None:
        raise StoreError(f"{uri}: no")

    monkeypatch.setattr(files, "delete", refuse)
    with Scratch(str(tmp_path), "fit"):
        pass
    assert "was not deleted" in caplog.text


def test_a_directory_that_is_not_there_is_the_users_to_mend(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=rf"host {socket.gethostname()} does not see .*scratchDir"):
        require_visible(files.absolute(str(tmp_path / "none")))


def test_a_base_that_is_a_file_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError), Scratch(str(tmp_path / "file"), "fit"):
        pass


def test_what_a_killed_driver_left_is_swept_by_the_next_fit(tmp_path: Path) -> None:
    code = (
        "import sys; from pipeline.spark.scratch import Scratch\n"
        "with Scratch(sys.argv[1], 'killed') as scratch:\n"
        "    print(scratch.attempt_id, flush=True); sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        name = process.stdout.readline().strip()
        assert sweep(str(tmp_path)) == []
        assert files.children(str(tmp_path)) == [name]
    finally:
        process.kill()
        process.communicate()
    with Scratch(str(tmp_path), "next") as scratch:
        assert files.children(str(tmp_path)) == [scratch.attempt_id]


def test_a_process_that_only_has_the_same_number_is_not_the_owner(tmp_path: Path) -> None:
    mark(tmp_path, "reused", owner())
    assert sweep(str(tmp_path)) == ["reused"]
    assert files.children(str(tmp_path)) == []


def test_live_and_foreign_directories_are_left_alone(tmp_path: Path) -> None:
    with Scratch(str(tmp_path), "live"):
        mark(tmp_path, "other-host", owner(host="elsewhere"))
        mark(tmp_path, "not-ours-1", {"owner": "me"})
        mark(tmp_path, "not-ours-2", {"pid": -1})
        mark(tmp_path, "not-ours-3", ["me"])
        mark(tmp_path, "not-ours-4", "no json")
        (tmp_path / "no-mark").mkdir()
        (tmp_path / "a file").write_text("")
        before = files.names(str(tmp_path))
        assert sweep(str(tmp_path)) == []
        assert files.names(str(tmp_path)) == before


def test_another_hosts_directory_goes_after_a_week(tmp_path: Path) -> None:
    mark(tmp_path, "new", owner(host="elsewhere", written=time.time() - 6 * DAY))
    mark(tmp_path, "old", owner(host="elsewhere", written=time.time() - 8 * DAY))
    assert sweep(str(tmp_path)) == ["old"]
    assert files.children(str(tmp_path)) == ["new"]


def test_another_users_remains_do_not_stop_a_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    mark(tmp_path, "a", owner())
    mark(tmp_path, "b", owner())
    delete = files.delete

    def refuse_one(uri: str) -> None:
        if uri.endswith("/a"):
            raise StoreError(f"{uri}: Permission denied")
        delete(uri)

    monkeypatch.setattr(files, "delete", refuse_one)
    assert sweep(str(tmp_path)) == ["b"]
    assert "Permission denied" in caplog.text


def test_nothing_to_sweep_where_nothing_is(tmp_path: Path) -> None:
    assert sweep(str(tmp_path / "none")) == []


def test_default_scratch_is_a_users_own_on_the_local_disk() -> None:
    assert files.is_local(default_scratch())
    assert files.local_path(default_scratch()).is_relative_to(tempfile.gettempdir())

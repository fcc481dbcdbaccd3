from __future__ import annotations

import os
import subprocess
import tarfile
import time
from pathlib import Path

import pytest

from pipeline.emr.environment import archive as archives
from pipeline.emr.environment.archive import make_archive, read_archive
from pipeline.errors import UserError


def _tree(root: Path, names: list[str]) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (root / "bin").mkdir()
    (root / "bin" / "python").symlink_to("/usr/bin/python3.11")
    (root / "lib64").symlink_to("lib")
    (root / "lib" / "run.sh").chmod(0o700)
    return root


NAMES = ["lib/run.sh", "lib/b.py", "lib/a/x.py", "lib/a-b.py", "lib/" + "long" * 40 + ".py"]


def test_the_same_files_make_the_same_bytes(tmp_path: Path) -> None:
    first = make_archive(_tree(tmp_path / "one", NAMES), tmp_path / "first.tar.gz")
    other = _tree(tmp_path / "two", NAMES[::-1])
    for path in other.rglob("*.py"):
        os.utime(path, (time.time() - 9999,) * 2)
        path.chmod(0o664)
    second = make_archive(other, tmp_path / "second.tar.gz")
    assert first.path.read_bytes() == second.path.read_bytes()
    assert first.sha256 == second.sha256


def test_other_content_makes_other_bytes(tmp_path: Path) -> None:
    first = make_archive(_tree(tmp_path / "one", NAMES), tmp_path / "first.tar.gz")
    other = _tree(tmp_path / "two", NAMES)
    (other / "lib" / "b.py").write_text("changed")
    assert make_archive(other, tmp_path / "second.tar.gz").sha256 != first.sha256


def test_the_environment_is_at_the_archive_s_top_and_belongs_to_root(tmp_path: Path) -> None:
    packed = make_archive(_tree(tmp_path / "one", NAMES), tmp_path / "first.tar.gz")
    with tarfile.open(packed.path) as tar:
        members = {member.name: member for member in tar.getmembers()}
    assert members["bin/python"].linkname == "/usr/bin/python3.11"
    assert members["lib64"].linkname == "lib"
    assert members["lib/run.sh"].mode == 0o755
    assert members["lib/b.py"].mode == 0o644
    assert {(member.uid, member.gid) for member in members.values()} == {(0, 0)}
    assert {*NAMES} < set(members)


def test_gnu_tar_unpacks_it_and_sha256sum_agrees(tmp_path: Path) -> None:
    packed = make_archive(_tree(tmp_path / "one", NAMES), tmp_path / "first.tar.gz")
    subprocess.run(["sha256sum", "--check", packed.checksum.name], cwd=tmp_path, check=True)
    (tmp_path / "out").mkdir()
    done = subprocess.run(
        ["tar", "-xzf", packed.path, "-C", tmp_path / "out"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    assert (tmp_path / "out" / NAMES[-1]).read_text() == NAMES[-1]


def test_an_interrupted_packing_leaves_the_archive_of_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = _tree(tmp_path / "one", NAMES)
    before = make_archive(tree, tmp_path / "it.tar.gz")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(archives, "_add", interrupted)
    with pytest.raises(KeyboardInterrupt):
        make_archive(tree, tmp_path / "it.tar.gz")
    assert read_archive(before.path) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "it.tar.gz",
        "it.tar.gz.sha256",
        "one",
    ]


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    packed = make_archive(_tree(tmp_path / "one", NAMES), tmp_path / "it.tar.gz")
    assert read_archive(packed.path) == packed
    with packed.path.open("ab") as file:
        file.write(b"x")
    with pytest.raises(UserError, match=r"it\.tar\.gz: is not the file that it\.tar\.gz\.sha256"):
        read_archive(packed.path)


def test_an_archive_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"it\.tar\.gz: no such file; make it by .* env pack"):
        read_archive(tmp_path / "it.tar.gz")

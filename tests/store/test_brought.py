"""Directories on each host's disk, once, whoever asks."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline import files
from pipeline.errors import StoreError, UserError
from pipeline.store import brought
from pipeline.store.brought import bring, digest_of

CONTENT = {"config.json": b"{}", "parts/model-1.bin": bytes(range(256)) * 20_000}


@pytest.fixture(autouse=True)
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A host's directory, of a process that has brought nothing yet."""
    monkeypatch.setenv("SPARK_EXECUTOR_DIRS", str(tmp_path / "host"))
    brought._brought.cache_clear()
    yield tmp_path / "host"
    brought._brought.cache_clear()


def _put(uri: str, content: dict[str, bytes] | None = None) -> str:
    for name, data in (content or CONTENT).items():
        files.write_bytes(files.join(uri, name), data)
    return uri


def _here(path: Path) -> dict[str, bytes]:
    found = (each for each in path.rglob("*") if each.is_file())
    return {str(each.relative_to(path)): each.read_bytes() for each in found}


def _in_another_process(uri: str, digest: str) -> subprocess.Popen[str]:
    """It asks when it is told so, by the end of its input."""
    code = (
        "import logging, sys; from pipeline.store.brought import bring, digest_of; "
        "logging.basicConfig(level='INFO', stream=sys.stderr); "
        "digest_of(sys.argv[1]); print('ready', flush=True); "  # all is imported and connected
        "sys.stdin.read(); print(bring(*sys.argv[1:]))"
    )
    found = subprocess.Popen(
        [sys.executable, "-c", code, uri, digest],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert found.stdout is not None
    assert found.stdout.readline() == "ready\n"
    return found


def test_what_is_elsewhere_is_brought_as_it_is(place: str, local: Path) -> None:
    uri = _put(place)
    digest = digest_of(uri)
    found = bring(uri, digest)
    assert _here(found) == CONTENT
    is_local = files.is_local(uri)
    assert found == (files.local_path(uri) if is_local else local / "brought" / digest / "files")
    assert local.exists() is not is_local  # no copy of what every host has
    assert bring(uri, digest) == found


def test_two_processes_that_ask_at_once_get_one_copy(s3: str, local: Path) -> None:
    uri = _put(f"{s3}/{uuid.uuid4().hex}")
    digest = digest_of(uri)
    both = [_in_another_process(uri, digest) for _ in range(2)]
    for each in both:
        assert each.stdin is not None
        each.stdin.close()
        each.stdin = None  # `communicate` would write to it
    told = [each.communicate(timeout=60) for each in both]
    assert [each.returncode for each in both] == [0, 0]
    assert {out.strip() for out, _ in told} == {str(local / "brought" / digest / "files")}
    assert sorted("brought s3" in err for _, err in told) == [False, True]
    assert _here(local / "brought" / digest / "files") == CONTENT
    assert not list(local.rglob("*.part"))


def test_what_was_left_by_one_that_was_killed_or_cut_short_is_brought_again(
    s3: str, local: Path
) -> None:
    uri = _put(f"{s3}/{uuid.uuid4().hex}")
    digest = digest_of(uri)
    own = local / "brought" / digest
    (own / "files.0123.part").mkdir(parents=True)
    assert _here(bring(uri, digest)) == CONTENT
    assert not list(local.rglob("*.part"))
    (own / "files" / "parts" / "model-1.bin").write_bytes(b"short")
    brought._brought.cache_clear()
    assert _here(bring(uri, digest)) == CONTENT


def test_what_has_changed_since_is_refused(place: str, local: Path) -> None:
    uri = _put(place)
    digest = digest_of(uri)
    other = {**CONTENT, "config.json": b"[]"}
    assert digest_of(_put(place, other)) != digest
    with pytest.raises(StoreError, match="its files are not those that were looked at first"):
        bring(uri, digest)
    assert not list(local.rglob("config.json"))


def test_a_copy_is_swept_when_all_who_asked_for_it_are_gone(s3: str, local: Path) -> None:
    uris = [_put(f"{s3}/{uuid.uuid4().hex}", {"name": name}) for name in (b"one", b"two", b"three")]
    digests = [digest_of(uri) for uri in uris]
    _, told = (gone := _in_another_process(uris[0], digests[0])).communicate(timeout=60)
    assert gone.returncode == 0, told
    own = bring(uris[1], digests[1])
    assert {each.name for each in (local / "brought").iterdir()} == {"lock", digests[1]}
    bring(uris[2], digests[2])
    assert own.exists()  # this process has asked for it


def test_files_that_are_named_are_enough(place: str) -> None:
    uri = _put(place, {**CONTENT, "other.h5": b"large", ".cache/x": b"hidden"})
    digest = digest_of(uri, sorted(CONTENT))
    files.write_bytes(files.join(uri, "other.h5"), b"larger")
    found = bring(uri, digest, sorted(CONTENT))
    assert found.joinpath("config.json").read_bytes() == b"{}"
    assert files.is_local(uri) or _here(found) == CONTENT
    every = digest_of(uri)
    files.write_bytes(files.join(uri, ".cache/x"), b"hidden, other")
    assert digest_of(uri) == every != digest
    with pytest.raises(StoreError, match=r"missing\.bin: there is no such file"):
        digest_of(uri, ["missing.bin"])


def test_equal_content_is_one_wherever_it_lies(s3: str, tmp_path: Path) -> None:
    remote = _put(f"{s3}/{uuid.uuid4().hex}")
    assert digest_of(remote) == digest_of(_put((tmp_path / "here").as_uri()))


def test_what_is_not_there_is_told_with_what_to_do(s3: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"is no directory on host .*: put it on s3:// or hdfs://"):
        bring(str(tmp_path / "nowhere"), "0" * 64)
    for uri in (f"{s3}/nowhere", str(tmp_path / "nowhere")):
        with pytest.raises(StoreError, match="there are no files; check the path"):
            digest_of(uri)


def test_links_to_files_are_their_content(tmp_path: Path) -> None:
    """As the cache of huggingface_hub has them."""
    _put((tmp_path / "blobs").as_uri(), {"a": b"content"})
    (tmp_path / "snapshot").mkdir()
    (tmp_path / "snapshot" / "config.json").symlink_to(tmp_path / "blobs" / "a")
    plain = _put((tmp_path / "plain").as_uri(), {"config.json": b"content"})
    assert digest_of(str(tmp_path / "snapshot")) == digest_of(plain)


@pytest.mark.parametrize("name", ["../secret", "parts/../../secret", "/secret"])
def test_no_file_outside_of_the_directory_is_asked_for(tmp_path: Path, name: str) -> None:
    uri = _put((tmp_path / "there").as_uri())
    (tmp_path / "secret").write_text("secret")
    with pytest.raises(StoreError, match="is no file within that directory"):
        digest_of(uri, [name])

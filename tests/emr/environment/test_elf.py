from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.emr.environment.elf import needed, search_path, set_search_path
from pipeline.errors import UserError
from tests.emr.environment.shared_libraries import linked

ASK = "import ctypes, sys; print(ctypes.CDLL(sys.argv[1]).ask())"


def test_a_library_s_needs_and_search_path_are_read(tmp_path: Path) -> None:
    library = linked(tmp_path, search="/somewhere/lib/python3.11")
    assert "libmxnet.so" in needed(library)
    assert search_path(library) == "/somewhere/lib/python3.11"


def test_a_moved_library_finds_its_neighbour_by_the_new_search_path(tmp_path: Path) -> None:
    built = tmp_path / "built"
    library = linked(built, search=str(built / "used"))
    set_search_path(library, "$ORIGIN/../used")
    moved = built.rename(tmp_path / "moved")
    done = subprocess.run(
        [sys.executable, "-c", ASK, str(moved / "user" / "lib.so")],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout == "42\n"
    assert search_path(moved / "user" / "lib.so") == "$ORIGIN/../used"


def test_nothing_of_the_old_search_path_is_left(tmp_path: Path) -> None:
    library = linked(tmp_path, search="/build/machine/lib/python3.11")
    set_search_path(library, "$ORIGIN")
    assert b"machine" not in library.read_bytes()


def test_setting_what_is_there_changes_nothing(tmp_path: Path) -> None:
    library = linked(tmp_path, search="$ORIGIN/../used")
    before = library.read_bytes()
    set_search_path(library, "$ORIGIN/../used")
    assert library.read_bytes() == before


def test_a_longer_search_path_is_refused(tmp_path: Path) -> None:
    library = linked(tmp_path, search="/x")
    before = library.read_bytes()
    with pytest.raises(UserError, match=r"lib\.so: there is no room for \$ORIGIN in place of /x"):
        set_search_path(library, "$ORIGIN")
    assert library.read_bytes() == before


def test_a_name_that_shares_the_search_path_s_bytes_is_not_overwritten(tmp_path: Path) -> None:
    # Linkers keep one string that ends with another only once.
    library = linked(tmp_path, "libx.so", search="/build/libx.so")
    with pytest.raises(UserError, match="there is no room"):
        set_search_path(library, "$ORIGIN")
    assert "libx.so" in needed(library)


def test_a_library_without_a_search_path_is_refused(tmp_path: Path) -> None:
    library = linked(tmp_path, search=None)
    assert search_path(library) is None
    with pytest.raises(UserError, match=r"has 0 search paths"):
        set_search_path(library, "$ORIGIN")


@pytest.mark.parametrize("content", [b"", b"#!/bin/sh\n", b"\x7fELF\x01\x01\x01" + b"\0" * 100])
def test_what_is_no_library_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "lib.so"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"lib\.so: is not a 64-bit ELF library"):
        needed(path)

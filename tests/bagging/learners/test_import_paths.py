"""Classes and params by name, for all kinds of learners."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pipeline.bagging.learners.import_paths import load, wrong_param
from pipeline.errors import UserError

KNOWN = ("json.decoder.JSONDecoder", "wave.Error")


def test_nothing_is_imported_but_what_is_known_or_allowed() -> None:
    for name in ("wave", "telnetlib"):
        sys.modules.pop(name, None)
    with pytest.raises(UserError, match=r"no learner telnetlib\.Telnet; did you mean .*\? Do this"):
        load("telnetlib.Telnet", KNOWN, ("telnetlib",), "Do this")
    assert not {"wave", "telnetlib"} & set(sys.modules)
    assert load("wave.Error", KNOWN, (), "") is load("wave.Error", (), ("wave.Error",), "")


@pytest.mark.parametrize("path", ["json.JSONDecoder", "json.decoder.JSONDecodr"])
def test_the_nearest_name_is_that_of_the_class(path: str) -> None:
    with pytest.raises(UserError, match=rf"{path}; did you mean {KNOWN[0]}\? Do this"):
        load(path, KNOWN, ("json.decoder.scanstring",), "Do this")


def test_a_module_that_cannot_be_imported_is_the_users_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_module.py").write_text("1 / 0")
    monkeypatch.syspath_prepend(tmp_path)
    for path, sentence in [
        ("broken_module.X", "module broken_module cannot be imported: division by zero"),
        ("wave.Eror", "there is no Eror in module wave"),
        ("plain", "there is no plain in module"),
    ]:
        with pytest.raises(UserError, match=f"learner {path}: {sentence}"):
            load(path, (), (path,), "")


def test_a_wrong_param_gets_the_sentence_that_helps() -> None:
    known, ours = ["depth", "rounds"], {"seed": "the job"}
    assert wrong_param("seed", known, ours) == "leave out seed; it comes from the job"
    assert wrong_param("dept", known, ours) == "unknown param dept; did you mean depth?"
    assert wrong_param("x", known, ours) == "unknown param x; known: depth, rounds"

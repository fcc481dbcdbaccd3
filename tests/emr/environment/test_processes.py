from __future__ import annotations

import sys

import pytest

from pipeline.emr.environment.processes import run
from pipeline.errors import UserError


def test_a_failure_ends_with_the_program_s_last_words() -> None:
    code = "import sys; print('first'); print('no network', file=sys.stderr); sys.exit(3)"
    with pytest.raises(UserError, match=r"it cannot be done: first \| no network$"):
        run([sys.executable, "-c", code], "it cannot be done")


def test_a_failure_without_a_word_tells_its_code() -> None:
    with pytest.raises(UserError, match=r"it cannot be done: exit code 3$"):
        run([sys.executable, "-c", "raise SystemExit(3)"], "it cannot be done")


def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(UserError, match=r"it cannot be done: no-such-program: No such file"):
        run(["no-such-program"], "it cannot be done")


def test_a_shell_s_python_settings_do_not_reach_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    code = "import os; print(os.environ.get('PYTHONPATH'), os.environ['PYTHONHASHSEED'])"
    assert run([sys.executable, "-c", code], "it cannot be done") == "None 0\n"

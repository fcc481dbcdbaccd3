"""Asking the project's environment, and ending what was submitted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest


def _program(code: int) -> list[str]:
    said = f"import sys; sys.stderr.write('error: no such key'); sys.exit({code})"
    return [sys.executable, "-c", said]


def test_an_error_of_the_users_is_told_in_its_own_words_and_not_tried_again() -> None:
    from airflow.sdk.exceptions import AirflowFailException

    from emr_ensembles import project

    with pytest.raises(AirflowFailException, match="error: no such key"):
        project.run(_program(2), {})


def test_another_failure_is_tried_again() -> None:
    from airflow.sdk.exceptions import AirflowException, AirflowFailException

    from emr_ensembles import project

    with pytest.raises(AirflowException, match="error: no such key") as caught:
        project.run(_program(1), {})
    assert not isinstance(caught.value, AirflowFailException)


def test_a_clone_without_its_environment_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    from emr_ensembles import project

    monkeypatch.setenv(project.HOME_VARIABLE, str(tmp_path))
    with pytest.raises(AirflowFailException, match=r"python is missing: run `make setup`"):
        project.ask("submission", [], {})


def test_a_task_that_is_killed_ends_its_whole_job() -> None:
    from emr_ensembles.job_operator import JobOperator

    operator = JobOperator(job="boost")
    job = subprocess.Popen(["sh", "-c", "sleep 1000 & sleep 1000"], process_group=0)
    operator._hook = SimpleNamespace(_submit_sp=job)  # type: ignore[assignment]
    operator.on_kill()
    assert job.returncode is not None
    left = subprocess.run(["pgrep", "-g", str(job.pid)], capture_output=True, check=False)
    assert left.stdout == b""

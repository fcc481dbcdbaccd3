import inspect

import pytest

from pipeline import errors
from pipeline.errors import (
    ConfigError,
    DataError,
    EnsemblesError,
    GangError,
    GangNeverFitsError,
    GangWorkerError,
    ModelError,
    StoreError,
    UserError,
)


@pytest.mark.parametrize("kind", [UserError, DataError, ModelError, GangNeverFitsError])
def test_what_the_caller_can_mend_ends_a_job_with_code_2(kind: type[EnsemblesError]) -> None:
    assert kind("mend it").exit_code == ConfigError(["mend it"]).exit_code == 2


@pytest.mark.parametrize("kind", [EnsemblesError, StoreError, GangError, GangWorkerError])
def test_everything_else_ends_it_with_code_1(kind: type[EnsemblesError]) -> None:
    assert kind("bad luck").exit_code == 1


def test_every_error_can_be_caught_as_one_of_ours() -> None:
    kinds = [item for _, item in inspect.getmembers(errors, inspect.isclass)]
    assert len(kinds) > 10
    assert all(issubclass(kind, EnsemblesError) for kind in kinds)


def test_a_gang_that_never_fits_is_both_the_users_and_a_gangs_error() -> None:
    assert issubclass(GangNeverFitsError, UserError)
    assert issubclass(GangNeverFitsError, GangError)


def test_a_config_error_shows_each_problem_on_a_line() -> None:
    error = ConfigError(["a.yaml: x: missing", "a.yaml: y: wrong"])
    assert str(error).splitlines() == error.problems

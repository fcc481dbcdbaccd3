"""What can go wrong, as a small tree of exceptions that says whose fault it was.

An error's class decides the exit code of a job (`UserError` 2, everything else 1) and whether a
gang may try again (`GangLostError` only). Messages name what is wrong, where, and what to do.
"""

from __future__ import annotations


class EnsemblesError(Exception):
    """Base class of every error that this package raises on purpose."""

    exit_code = 1


class UserError(EnsemblesError):
    """The caller can mend it: a wrong setting, a bad table, a model of another kind."""

    exit_code = 2


class ConfigError(UserError):
    """The job's configuration cannot be used; carries every problem found, not only the first.

    Parameters
    ----------
    problems : list of str
        One sentence each, beginning with the place (file and key).
    """

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class DataError(UserError):
    """The table cannot be used as it is: a missing column, a null label, an unusable type."""


class ModelError(UserError):
    """A directory is not a model of ours, or not one that this version can read."""


class StoreError(EnsemblesError):
    """Reading or writing at a URI failed for a reason outside the job."""


class AccessError(StoreError, UserError):
    """A place cannot be used as the caller is now: no right to it, read-only, no credentials."""

    exit_code = 2


class ConflictError(StoreError):
    """Another writer was faster; its output stands, and this one's was discarded."""


class FailedBeforeError(EnsemblesError):
    """An earlier attempt of the same application failed; another would fail alike.

    Parameters
    ----------
    message : str
        What went wrong then.
    exit_code : int
        That of the earlier attempt.
    """

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class GangError(EnsemblesError):
    """A gang of workers ended without a result."""


class GangNeverFitsError(GangError, UserError):
    """The application can never hold that many workers at once; says what to set."""

    exit_code = 2


class GangWorkerError(GangError):
    """A worker's own code raised; the message ends with its traceback. Never attempted again."""


class GangLostError(GangError):
    """Executors, workers or peers were lost more often than `gang.attempts` allows."""


class GangStalledError(GangError):
    """A rank made no progress for `gang.stall` seconds; the message names it."""

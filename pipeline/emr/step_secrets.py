"""What no step may carry: its arguments are there for all of the account to read.

Spark's own rule (`pipeline.config.is_secret`) is for the names of its settings. Variables of an
environment have other names (DB_PASS, API_KEY), and what is in them may hold a password, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from pipeline.config import HIDDEN, is_secret, shown
from pipeline.errors import UserError

DRIVER_VARIABLE, EXECUTOR_VARIABLE = "spark.yarn.appMasterEnv.", "spark.executorEnv."
"""Begin the names of settings that set variables."""

_FREE_KEYS = ("spark", "source.options")  # sections whose keys have dots in them

# As words of a name: PASSENGERS and COMPASS are none.
_PASSWORDS = re.compile(
    r"(?i)(?<![a-z])(pg)?(pass|passwd|pwd|passphrase|passcode)(?![a-z])"
    r"|(api|access|account|private|encryption|signing|master|ssh)[._-]?key"
)
_CREDENTIALS = re.compile(
    r"(?i)credential|authorization|(?<![a-z])(creds?(?![a-z])|(auth|bearer)$)"
)
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_OPTION = re.compile(r"([\w.-]+)=")
_LOGIN = re.compile(r"://[^/\s:@]*:[^/\s@]+@")  # of a URI: user:password@
_PLACES = re.compile(r"(OLD)?PWD|\w+_(FILE|PATH|DIR)")  # PWD is the shell's: where it stands
_PATH = re.compile(r"/[^\s=:]*")


def is_secret_variable(name: str, value: str) -> bool:
    """Whether a variable of the environment must not be shown, for its name or its value."""
    if is_secret(name):
        return True
    if _PLACES.fullmatch(name) and _PATH.fullmatch(value):
        return False
    words = _words(name)
    is_named_so = bool(_PASSWORDS.search(words) or _CREDENTIALS.search(words))
    return is_named_so or is_secret(value) or _has_a_password(value)


def is_secret_setting(name: str, value: str) -> bool:
    """Whether a setting of Spark must not be shown; it may set a variable."""
    for prefix in (DRIVER_VARIABLE, EXECUTOR_VARIABLE):
        if name.startswith(prefix):
            return is_secret_variable(name.removeprefix(prefix), value)
    return is_secret(name, value) or _has_a_password(value)


def hidden_override(override: str) -> str | None:
    """What `--set` says, with its value hidden; None for one that may be shown."""
    key, _, value = override.partition("=")
    hidden = f"{key}={HIDDEN}"
    if shown(override, _FREE_KEYS) == hidden or is_secret_setting(_setting(key), value):
        return hidden
    return None


def require_no_secrets(environment: Mapping[str, str], arguments: Sequence[str]) -> None:
    """Refuse a step that would carry a secret.

    Parameters
    ----------
    environment : mapping of str to str
        Variables of its driver and executors.
    arguments : sequence of str
        The job's own.

    Raises
    ------
    UserError
        With each of them, and without its value.
    """
    found = list(_told(environment, arguments))
    if found:
        raise UserError(
            f"{', '.join(found)}: a secret, which a step must not carry: all of the account may "
            "read it. Write the value into a config on s3:// that only the nodes' role reads"
        )


def _told(environment: Mapping[str, str], arguments: Sequence[str]) -> Iterator[str]:
    for name, value in environment.items():
        if is_secret_variable(name, value):
            yield f"the variable {name}"
    for flag, value in pairwise(arguments):
        hidden = hidden_override(value) if flag == "--set" else None
        if hidden is not None:
            yield f"--set {hidden}"


def _setting(key: str) -> str:
    """The name of Spark's setting, where the key is one."""
    return key.removeprefix("spark.")


def _words(name: str) -> str:
    return _HUMP.sub("_", name)


def _has_a_password(text: str) -> bool:
    """Whether one is among options in a text, or behind the user in a URI."""
    if _LOGIN.search(text):
        return True
    return any(is_secret(name) or _PASSWORDS.search(_words(name)) for name in _OPTION.findall(text))

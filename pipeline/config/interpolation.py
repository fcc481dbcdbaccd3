"""`${date}` and `${env:NAME}` in the text values of a config; nothing is evaluated.

`${date}` is the UTC day (2026-11-22), `${date:%Y/%m}` the same in a strftime pattern of days,
`${env:NAME}` and `${env:NAME:default}` a variable of the environment; `$${` is a literal `${`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import yaml
from yaml.nodes import ScalarNode

from pipeline.config.document import Document
from pipeline.config.problems import KeyPath

DATE_VARIABLE = "EMR_ENSEMBLES_DATE"
"""The variable that gives all jobs of one run the same `${date}`, as YYYY-MM-DD."""

_TOKEN = re.compile(r"\$(?P<literal>\$\{)|\$\{(?P<name>[^{}]*)\}|(?P<open>\$\{)")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DIRECTIVE = re.compile(r"%(.?)", re.S)
_OF_DAYS = "YymdjBbAaGVuUWw%"
_KNOWN = "known: ${date}, ${date:%Y/%m}, ${env:NAME}, ${env:NAME:default}; $${ is a literal ${"


class _WrongError(Exception):
    """What is wrong with one `${…}`, as a sentence."""


def interpolate(document: Document, today: date | None = None) -> None:
    """Replace every `${…}` in the values of a document, in place; keys stay as they are.

    Parameters
    ----------
    document : Document
        Its `raw` holds the texts that were replaced, its `problems` what cannot be replaced.
    today : date, optional
        What `${date}` is; by default the day of `EMR_ENSEMBLES_DATE`, else the UTC day now.
    """

    def day() -> date:
        return today if today is not None else _today()

    def replaced(value: Any, path: KeyPath) -> Any:
        if isinstance(value, dict):
            return {key: replaced(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [replaced(item, (*path, index)) for index, item in enumerate(value)]
        if not isinstance(value, str) or "${" not in value or document.is_broken(path):
            return value
        return _text(document, path, value, day)

    document.data = replaced(document.data, ())


def escaped(text: str) -> str:
    """The text with every `${` written so that it is not replaced."""
    return text.replace("${", "$${")


def _text(document: Document, path: KeyPath, text: str, day: Callable[[], date]) -> Any:
    wrong: list[str] = []

    def replacement(token: re.Match[str]) -> str:
        if token["literal"]:
            return "${"
        try:
            return _value(token, day)
        except _WrongError as error:
            wrong.append(str(error))
            return token[0]

    found = _TOKEN.sub(replacement, text)
    if wrong:
        for sentence in wrong:
            document.refuse(path, sentence)
        return text
    document.raw[path] = text
    whole = _TOKEN.fullmatch(text)
    is_variable = whole is not None and (whole["name"] or "").startswith("env:")
    return _as_scalar(found) if is_variable and path not in document.quoted else found


def _value(token: re.Match[str], day: Callable[[], date]) -> str:
    if token["open"]:
        raise _WrongError("${ without its }; write $${ for a literal ${")
    kind, colon, rest = token["name"].partition(":")
    if kind == "date":
        if not colon:
            return day().isoformat()
        _require_of_days(token[0], rest)
        return day().strftime(rest)
    if kind == "env" and colon:
        return _variable(token[0], *rest.partition(":"))
    raise _WrongError(f"{token[0]} is unknown; {_KNOWN}")


def _require_of_days(token: str, pattern: str) -> None:
    if not pattern:
        raise _WrongError(f"{token} has no pattern; write ${{date}}, or a pattern as %Y/%m")
    for directive in _DIRECTIVE.findall(pattern):
        if directive == "" or directive not in _OF_DAYS:
            raise _WrongError(
                f"{token}: %{directive} is not a part of a day; use %Y, %m, %d, %j, %G, %V and such"
            )


def _variable(token: str, name: str, colon: str, default: str) -> str:
    if not _VARIABLE.fullmatch(name):
        raise _WrongError(f"{token}: {name!r} is not the name of a variable; {_KNOWN}")
    value = os.environ.get(name)
    if value is not None:
        return value
    if not colon:
        raise _WrongError(
            f"the environment variable {name} is not set; set it, or write ${{env:{name}:default}}"
        )
    return default


def _today() -> date:
    text = os.environ.get(DATE_VARIABLE)
    if text is None:
        return datetime.now(UTC).date()
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise _WrongError(
            f"the environment variable {DATE_VARIABLE} is {text!r}, not a date as 2026-11-22"
        )
    return day


def _as_scalar(text: str) -> Any:
    """As YAML would read the text where it stood: a number, true, null, else the text itself."""
    loader = yaml.SafeLoader("")
    plain = text.strip()
    tag = loader.resolve(ScalarNode, plain, (True, False))  # type: ignore[no-untyped-call]
    try:
        return loader.construct_object(ScalarNode(tag, plain))
    except (yaml.YAMLError, ValueError):
        return text

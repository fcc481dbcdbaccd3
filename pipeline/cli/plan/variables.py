"""Variables that a config names, and secrets: a step is there for all of the account to read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.cli.plan.asked import Asked
from pipeline.config import is_secret
from pipeline.config.problems import KeyPath, dotted
from pipeline.emr.step_secrets import (
    DRIVER_VARIABLE,
    hidden_override,
    is_secret_setting,
    is_secret_variable,
)

_TOKEN = re.compile(r"\$\$\{|\$\{env:(?P<name>\w+)(?::[^{}]*)?\}")
# What the driver starts with: no job can set it for itself.
_OF_START = (DRIVER_VARIABLE, "spark.driver.extraJavaOptions", "spark.driver.defaultJavaOptions")
_REMEDY = (
    "leave it out where the nodes' role (roles.instances) will do, or write the value into a "
    "config on s3:// that only that role reads"
)


@dataclass(frozen=True)
class _Named:
    """A variable that is set, and the value that names it, before and after it was replaced."""

    path: KeyPath
    text: str
    whole: str
    variable: str
    value: str

    @property
    def secret(self) -> str:
        """Why it is a secret; empty for one that is none."""
        if is_secret_variable(self.variable, self.value):
            return "by its name" if is_secret_variable(self.variable, "") else "by its value"
        own = next((part for part in reversed(self.path) if isinstance(part, str)), "")
        is_one = is_secret(own) or any(is_secret_setting(own, each) for each in self._texts)
        return "by where it stands" if is_one else ""

    @property
    def _texts(self) -> tuple[str, str]:
        return self.text, self.whole


def carried_variables(asked: Asked) -> tuple[str, ...]:
    """Names of those that the jobs' environment needs, for the config to be read there, too."""
    secret = {each.variable for each in _named(asked) if each.secret}
    return tuple(sorted({each.variable for each in _named(asked)} - secret))


def secret_problems(asked: Asked) -> Iterator[str]:
    """A sentence for each secret that a step would have to carry, or that a driver would lack."""
    named = [each for each in _named(asked) if each.secret]
    for each in named:
        yield (
            f"{dotted(each.path)}: ${{env:{each.variable}}} is a secret {each.secret}, which the "
            f"environment of a step must not carry: {_REMEDY}"
        )
    told = {dotted(each.path) for each in named}
    for override in asked.overrides:
        hidden, key = hidden_override(override), override.partition("=")[0]
        if hidden is not None and key not in told:
            told.add(key)
            yield f"--set {hidden}: a secret, which arguments of a step must not carry: {_REMEDY}"
    for name, value in asked.spark.items():
        if f"spark.{name}" in told or not name.startswith(_OF_START):
            continue
        if is_secret_setting(name, value):
            yield (
                f"spark: {name}: a secret: no step carries it, and the driver would start without "
                "it: leave it out"
            )


def secret_notes(asked: Asked) -> Iterator[str]:
    """A sentence for each setting that reaches the jobs by their config alone."""
    told = {each.path[-1] for each in _named(asked)}
    for name, value in asked.spark.items():
        if name in told or name.startswith(_OF_START):
            continue
        if is_secret_setting(name, value):
            yield (
                f"spark: {name}: a secret: no step carries it, and the jobs take it from their "
                "config on S3, where whoever may read the bucket sees it"
            )


def _named(asked: Asked) -> list[_Named]:
    def value(token: re.Match[str]) -> str:
        return asked.variables.get(token["name"] or "", token[0])

    return [
        _Named(path, text, _TOKEN.sub(value, text), token["name"], asked.variables[token["name"]])
        for path, text in asked.texts.items()
        for token in _TOKEN.finditer(text)
        if token["name"] and token["name"] in asked.variables
    ]

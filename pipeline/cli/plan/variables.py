"""Variables that a config names, and secrets: a step is there for all of the account to read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.cli.job_config import FREE_KEYS
from pipeline.cli.plan.asked import Asked
from pipeline.config import is_secret, shown
from pipeline.config.problems import KeyPath, dotted

_TOKEN = re.compile(r"\$\$\{|\$\{env:(?P<name>\w+)(?::[^{}]*)?\}")
_REMEDY = (
    "leave it out where the nodes' role (roles.instances) will do, or write the value into a "
    "config on s3:// that only that role reads"
)


@dataclass(frozen=True)
class _Named:
    """A variable that is set, and the value that names it."""

    path: KeyPath
    text: str
    variable: str

    @property
    def is_secret(self) -> bool:
        own = next((part for part in reversed(self.path) if isinstance(part, str)), "")
        return is_secret(self.variable) or is_secret(own, self.text)


def carried_variables(asked: Asked) -> tuple[str, ...]:
    """Names of those that the jobs' environment needs, for the config to be read there, too."""
    return tuple(sorted({each.variable for each in _named(asked) if not each.is_secret}))


def secret_problems(asked: Asked) -> Iterator[str]:
    """A sentence for each secret that a step would have to carry."""
    for each in _named(asked):
        if each.is_secret:
            yield (
                f"{dotted(each.path)}: ${{env:{each.variable}}} is a secret, which the environment "
                f"of a step must not carry: {_REMEDY}"
            )
    for override in asked.overrides:
        hidden = shown(override, FREE_KEYS)
        if hidden != override and "${env:" not in override:
            yield f"--set {hidden}: a secret, which arguments of a step must not carry: {_REMEDY}"


def secret_notes(asked: Asked) -> Iterator[str]:
    """A sentence for each setting that reaches the jobs by their config alone."""
    told = {each.path[-1] for each in _named(asked)}
    for name, value in asked.spark.items():
        if is_secret(name, value) and name not in told:
            yield (
                f"spark: {name}: a secret: no step carries it, and the jobs take it from their "
                "config on S3, where whoever may read the bucket sees it"
            )


def _named(asked: Asked) -> list[_Named]:
    return [
        _Named(path, text, token["name"])
        for path, text in asked.texts.items()
        for token in _TOKEN.finditer(text)
        if token["name"] and token["name"] in asked.variables
    ]

"""What a config amounts to, and where each value came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from pipeline.config.document import Document
from pipeline.config.problems import KeyPath, dotted
from pipeline.config.redaction import is_secret
from pipeline.config.section import Section
from pipeline.config.sentences import flow

S = TypeVar("S", bound=BaseModel)

DEFAULT = "default"
"""The origin of a value that nobody gave."""


@dataclass(frozen=True)
class Entry:
    """One key with its effective value.

    Parameters
    ----------
    path : tuple of str
        The key; the last part may hold dots where the section's keys are Spark's.
    value : object
        Plain data, as in YAML.
    origin : str
        `conf/x.yaml:12`, `--set` or `default`.
    raw : str, optional
        The text before interpolation, where there was one; of a list, all of it as YAML.
    """

    path: tuple[str, ...]
    value: Any
    origin: str
    raw: str | None = None

    @property
    def key(self) -> str:
        """The key as `--set` takes it."""
        return dotted(self.path)

    @property
    def is_secret(self) -> bool:
        """Whether the value, or its raw text, must not be shown."""
        return self.value is not None and (
            is_secret(self.path[-1], self.value) or is_secret(self.path[-1], self.raw)
        )


@dataclass(frozen=True)
class Loaded(Generic[S]):
    """A valid config that knows where its values came from.

    Parameters
    ----------
    value : BaseModel
        The config itself.
    document : Document
        What was read.
    given : dict
        The document's data before interpolation.
    """

    value: S
    document: Document
    given: Mapping[str, Any]

    def entries(self) -> list[Entry]:
        """Every effective key in the order of the schema, defaults included."""
        return list(self._entries(self.value, ()))

    def _entries(self, section: BaseModel, path: tuple[str, ...]) -> Iterator[Entry]:
        effective = section.effective_defaults() if isinstance(section, Section) else {}
        for name in type(section).model_fields:
            value = getattr(section, name)
            here = (*path, name)
            if isinstance(value, BaseModel):
                yield from self._entries(value, here)
            elif isinstance(value, Mapping) and value:
                for key, item in value.items():
                    yield self._entry((*here, key), item)
            elif value is None and name in effective:
                yield Entry(here, effective[name], DEFAULT)
            else:
                yield self._entry(here, value)

    def _entry(self, path: tuple[str, ...], value: Any) -> Entry:
        is_given, given = _at(self.given, path)
        origin = self.document.place(path).origin if is_given else DEFAULT
        plain = list(value) if isinstance(value, tuple) else value
        return Entry(path, plain, origin, self._raw(path, given))

    def _raw(self, path: KeyPath, given: Any) -> str | None:
        if path in self.document.raw:
            return self.document.raw[path]
        is_inside = any(other[: len(path)] == path for other in self.document.raw)
        return flow(given) if is_inside else None


def _at(data: Mapping[str, Any], path: tuple[str, ...]) -> tuple[bool, Any]:
    current: Any = data
    for part in path:
        if not isinstance(current, Mapping) or part not in current:
            return False, None
        current = current[part]
    return True, current

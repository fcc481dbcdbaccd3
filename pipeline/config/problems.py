"""Where something in a config stands, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from pipeline.errors import ConfigError

KeyPath: TypeAlias = tuple[str | int, ...]
"""The way to a value: names of keys, and positions in lists."""


@dataclass(frozen=True, order=True)
class Place:
    """Where a key was given; places sort as they are read, the file first, then each `--set`.

    Parameters
    ----------
    override : int
        0 in the file, else the position of the `--set`, from 1.
    line : int
        Line in the file, from 1; 0 is the file as a whole.
    text : str
        As a user reads it: `conf/x.yaml:12`, or `--set seed=1`.
    """

    override: int
    line: int
    text: str = field(compare=False)

    @property
    def origin(self) -> str:
        """Where the value came from, in few words."""
        return "--set" if self.override else self.text


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Parameters
    ----------
    place : Place
        Where.
    path : tuple
        The key; empty for the whole.
    sentence : str
        What is wrong, and what to do.
    """

    place: Place
    path: KeyPath
    sentence: str

    def __str__(self) -> str:
        parts = [self.place.text, dotted(self.path), self.sentence]
        return ": ".join(part for part in parts if part)


def dotted(path: KeyPath) -> str:
    """A key as a user writes it: `boosting.eta`; an item of a list as `deep.hidden[1]`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def refusal(problems: Iterable[Problem]) -> ConfigError:
    """One error with all problems, in the order of their places."""
    ordered = sorted(problems, key=lambda problem: problem.place)
    return ConfigError(list(dict.fromkeys(str(problem) for problem in ordered)))

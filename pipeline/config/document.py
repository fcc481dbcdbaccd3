"""A YAML text as plain data that knows where each key stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from pipeline.config.problems import KeyPath, Place, Problem

_MAPPING = "tag:yaml.org,2002:map"
_SEQUENCE = "tag:yaml.org,2002:seq"
_MERGE = "tag:yaml.org,2002:merge"

# What PyYAML's constructors raise for a scalar that does not fit its tag, such as 2013-02-30.
_UNFIT = (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError)


@dataclass
class Document:
    """Plain data, the places of its keys, and what is wrong with it so far.

    Parameters
    ----------
    top : Place
        The place of the whole.
    data : dict
        Keys to values, as YAML has them.
    places : dict of tuple to Place
        The place of each key and of each item of a list.
    quoted : set of tuple
        Where the text stands in quotes, or in a block: text on purpose.
    raw : dict of tuple to str
        The text before interpolation, where there was one.
    broken : set of tuple
        Keys whose value could not be read, so that nothing more is said about it.
    problems : list of Problem
        What has been found, in no order.
    """

    top: Place
    data: dict[str, Any] = field(default_factory=dict)
    places: dict[KeyPath, Place] = field(default_factory=dict)
    quoted: set[KeyPath] = field(default_factory=set)
    raw: dict[KeyPath, str] = field(default_factory=dict)
    broken: set[KeyPath] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)

    def place(self, path: KeyPath) -> Place:
        """The place of a key, or of the nearest section around it that has one."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.places:
                return self.places[path[:length]]
        return self.top

    def is_broken(self, path: KeyPath) -> bool:
        """Whether the value, or one around it, could not be read."""
        return any(path[:length] in self.broken for length in range(len(path) + 1))

    def forget(self, path: KeyPath) -> None:
        """Forget all that is known of a key and of those below it, because it is given anew."""
        length = len(path)
        self.places = {key: at for key, at in self.places.items() if key[:length] != path}
        self.quoted = {key for key in self.quoted if key[:length] != path}
        self.broken = {key for key in self.broken if key[:length] != path}

    def refuse(self, path: KeyPath, sentence: str) -> None:
        """Note that a value cannot be used, and why."""
        self.broken.add(path)
        self.problems.append(Problem(self.place(path), path, sentence))


def parse(text: str, name: str) -> Document:
    """Read a YAML file's text; what is wrong is in `problems`.

    Parameters
    ----------
    text : str
        The file's content.
    name : str
        The file, as the user named it.
    """
    document = Document(Place(0, 0, name))

    def at(line: int) -> Place:
        return Place(0, line, f"{name}:{line}")

    value = read_into(document, text, (), at)
    if isinstance(value, dict):
        document.data = value
    elif not document.problems:
        document.refuse((), "expected a mapping of keys to values at the top")
    return document


def read_into(document: Document, text: str, path: KeyPath, at: Callable[[int], Place]) -> Any:
    """Read YAML whose top stands at `path`; places and problems go into `document`.

    Parameters
    ----------
    document : Document
        What knows the places afterwards.
    text : str
        YAML; nothing but plain data is made of it.
    path : tuple
        Where the value stands in the document.
    at : callable
        A line's number, from 1, to its place.
    """
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
    except yaml.YAMLError as error:
        line, said = _described(error, text)
        document.broken.add(path)
        hint = "; text with ${…} needs quotes within { } and [ ]" if "${" in text else ""
        document.problems.append(Problem(at(line), path, f"not valid YAML: {said}{hint}"))
        return None
    return None if node is None else _Reader(document, loader, at).value(node, path)


def _described(error: yaml.YAMLError, text: str) -> tuple[int, str]:
    """Line, from 1, and what is wrong there."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is not None:
        context = getattr(error, "context", None)
        said = ", ".join(part for part in (context, getattr(error, "problem", None)) if part)
        return mark.line + 1, f"{said} (column {mark.column + 1})"
    position = getattr(error, "position", 0)
    return text.count("\n", 0, position) + 1, "a character that YAML does not allow"


class _Reader:
    """Nodes to plain data."""

    def __init__(
        self, document: Document, loader: yaml.SafeLoader, at: Callable[[int], Place]
    ) -> None:
        self._document = document
        self._loader = loader
        self._at = at
        self._open: list[Node] = []
        self._flat: set[int] = set()  # PyYAML merges into the node itself: once is enough

    def value(self, node: Node, path: KeyPath) -> Any:
        if node in self._open:
            self._wrong(node, path, "an alias inside of its own anchor")
            return None
        self._open.append(node)
        try:
            if isinstance(node, MappingNode) and node.tag == _MAPPING:
                return self._mapping(node, path)
            if isinstance(node, SequenceNode) and node.tag == _SEQUENCE:
                return self._sequence(node, path)
            return self._scalar(node, path)
        finally:
            self._open.pop()

    def _mapping(self, node: MappingNode, path: KeyPath) -> dict[str, Any]:
        if id(node) not in self._flat:
            self._flat.add(id(node))
            self._refuse_repeats(node, path)
            try:
                self._loader.flatten_mapping(node)
            except yaml.YAMLError as error:
                self._wrong(node, path, _described(error, "")[1])
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node, path)
            if key is None:
                continue
            if key in data:  # a merged one, which this one replaces
                self._document.forget((*path, key))
            self._document.places[(*path, key)] = self._place(key_node)
            data[key] = self.value(value_node, (*path, key))
        return data

    def _sequence(self, node: SequenceNode, path: KeyPath) -> list[Any]:
        for index, item in enumerate(node.value):
            self._document.places[(*path, index)] = self._place(item)
        return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]

    def _scalar(self, node: Node, path: KeyPath) -> Any:
        if isinstance(node, ScalarNode) and node.style is not None:
            self._document.quoted.add(path)
        try:
            return self._loader.construct_object(node, deep=True)
        except _UNFIT as error:
            said = getattr(error, "problem", None) or str(error)
            self._wrong(node, path, f"not a value that YAML allows: {said}")
            return str(node.value)

    def _key(self, node: Node, path: KeyPath) -> str | None:
        try:
            key = self._loader.construct_object(node, deep=True)
        except _UNFIT:
            key = None
        if isinstance(key, str):
            return key
        shown = node.value if isinstance(node, ScalarNode) else "a list or mapping"
        self._wrong(node, path, f"{shown} is not text; put the key in quotes", breaks=False)
        return None

    def _refuse_repeats(self, node: MappingNode, path: KeyPath) -> None:
        lines: dict[str, list[int]] = {}
        for key_node, _ in node.value:
            if isinstance(key_node, ScalarNode) and key_node.tag != _MERGE:
                lines.setdefault(key_node.value, []).append(key_node.start_mark.line + 1)
        for key, found in lines.items():
            if len(found) > 1:
                *most, last = (str(line) for line in dict.fromkeys(found))
                where = f", on lines {', '.join(most)} and {last}" if most else ""
                sentence = f"given more than once{where}; keep one"
                self._document.problems.append(Problem(self._at(found[-1]), (*path, key), sentence))

    def _wrong(self, node: Node, path: KeyPath, sentence: str, *, breaks: bool = True) -> None:
        if breaks:
            self._document.broken.add(path)
        self._document.problems.append(Problem(self._place(node), path, sentence))

    def _place(self, node: Node) -> Place:
        return self._at(node.start_mark.line + 1)

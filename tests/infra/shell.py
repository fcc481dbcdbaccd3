"""Commands in Markdown: code blocks and code spans, taken apart as a shell would."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_NAME = re.compile(r"\$\{?(\w+|[@#?])")
_ASSIGNMENT = re.compile(r"\w+=")
_KEYWORDS = {"{", "}", "do", "done", "then", "else", "fi", "if", "while", "!", "export", "xargs"}
_OPERATORS = set(";|&()<>")
# Variables and outputs that hold URIs on S3; all else is a word.
_URI = re.compile(r"EMR_ENSEMBLES_(BASE|LOGS|ENVIRONMENT)|output buckets (Base|Logs|Output)")
PLACEHOLDER = "placeholder"


@dataclass(frozen=True)
class Command:
    """One command, with placeholders for what the shell would put in.

    Parameters
    ----------
    words : tuple of str
        The program and its arguments.
    """

    words: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join(self.words)


def blocks(file: str, language: str) -> list[str]:
    """The code blocks of a language, in their order."""
    found = _FENCED.findall((ROOT / file).read_text(encoding="utf-8"))
    return [text for name, text in found if name == language]


def spans(file: str) -> list[str]:
    """The code spans; one may go on in the next line."""
    prose = _FENCED.sub("", (ROOT / file).read_text(encoding="utf-8"))
    return [re.sub(r"\s*\n\s*", " ", each) for each in _SPAN.findall(prose)]


def commands(text: str) -> list[Command]:
    """All commands of a script, those in `$(…)` as well."""
    return list(_commands(text.replace("\\\n", " ")))


def _commands(text: str) -> Iterator[Command]:
    inside: list[str] = []
    plain = _plain(text, inside)
    for each in inside:
        yield from _commands(each)
    lexer = shlex.shlex(plain, posix=True, punctuation_chars="".join(_OPERATORS))
    lexer.whitespace_split, lexer.commenters = True, ""
    words: list[str] = []
    skip = False
    for token in [*lexer, ";"]:
        if token and set(token) <= _OPERATORS:
            if token in ("<", ">"):
                skip = True
                continue
            if token != "()":  # else a function's name stands before
                yield from _command(words)
            words = []
        elif skip:
            skip = False
        else:
            words.append(token)


def _command(words: list[str]) -> Iterator[Command]:
    while words and (words[0] in _KEYWORDS or _ASSIGNMENT.match(words[0])):
        words = words[1:]
    if words and words[0] != "for":
        yield Command(tuple(words))


def _plain(text: str, inside: list[str]) -> str:
    """Without comments, substitutions and variables; lines end by semicolons."""
    made, place, quote = [], 0, ""
    while place < len(text):
        here = text[place]
        if quote == "'":
            quote = "" if here == "'" else quote
        elif here == "'" and not quote:
            quote = here
        elif here == '"':
            quote = "" if quote else here
        elif here == "#" and not quote and (place == 0 or text[place - 1].isspace()):
            place = text.find("\n", place) if "\n" in text[place:] else len(text)
            continue
        elif text.startswith("$(", place):
            end = _closing(text, place + 2)
            inside.append(text[place + 2 : end])
            made.append(_value(inside[-1]))
            place = end + 1
            continue
        elif match := _NAME.match(text, place):
            braces = text[place + 1] == "{"
            made.append(_value(match[1]))
            place = text.index("}", place) + 1 if braces else match.end()
            continue
        made.append(" ; " if here == "\n" and not quote else here)
        place += 1
    return "".join(made)


def _closing(text: str, place: int) -> int:
    """Where the parenthesis closes that was opened before."""
    quote = ""
    while text[place] != ")" or quote:
        if text.startswith("$(", place) and quote != "'":
            place = _closing(text, place + 2)
        elif text[place] in ("'", '"') and quote in ("", text[place]):
            quote = "" if quote else text[place]
        place += 1
    return place


def _value(name: str) -> str:
    return f"s3://{PLACEHOLDER}" if _URI.fullmatch(name) else PLACEHOLDER

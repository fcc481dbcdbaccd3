"""Windows of one length over tokenised texts, special tokens around each.

One window of a pair holds what `transformers` keeps by `truncation="longest_first"`; a longer text
goes on in further windows, in which the shorter one stands again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.transfer.token_rows import Floats

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Template:
    """Where special tokens stand, as packed numbers (2 x id + token type).

    Parameters
    ----------
    before, between, after : tuple of int
        Special tokens before the first text, between the texts, and after the last.
    types : (int, int)
        Token types of the first and of the second text.
    """

    before: tuple[int, ...]
    between: tuple[int, ...]
    after: tuple[int, ...]
    types: tuple[int, int]

    @property
    def size(self) -> int:
        """How many special tokens there are."""
        return len(self.before) + len(self.between) + len(self.after)


@dataclass(frozen=True)
class Flat:
    """Tokens of several texts, one text after the other.

    Parameters
    ----------
    ids : array of int64, shape (tokens,)
        Ids without special tokens.
    counts : array of int64, shape (texts,)
        Tokens of each text.
    """

    ids: Counts
    counts: Counts

    @property
    def starts(self) -> Counts:
        """Where each text begins."""
        return np.cumsum(self.counts) - self.counts


@dataclass(frozen=True)
class Shape:
    """The windows of a row.

    Parameters
    ----------
    max_length : int
        Tokens of a window, special ones included.
    windows : int
        How many of them a row has.
    stride : int
        Tokens that a window repeats of the one before.
    """

    max_length: int
    windows: int
    stride: int


@dataclass(frozen=True)
class Arranged:
    """Rows of windows, and what was cut.

    Parameters
    ----------
    rows : array of float32, shape (rows, windows x max_length)
        Packed tokens; NaN is padding.
    lengths : array of int64, shape (rows,)
        Tokens of the whole texts, special ones included.
    cut : array of int64, shape (rows,)
        Tokens that are in no window.
    """

    rows: Floats
    lengths: Counts
    cut: Counts


def arrange(template: Template, first: Flat, second: Flat, shape: Shape) -> Arranged:
    """Lay texts, or pairs of them, out in windows.

    Of a pair the shorter text stands in every window, up to half of the room, and the longer one
    goes on from window to window; of two that are equally long the second does.

    Parameters
    ----------
    template : Template
        The special tokens.
    first, second : Flat
        Texts, of equal number; for single texts the second ones have no tokens.
    shape : Shape
        The windows; `stride` must be less than half of the room in a window.
    """
    room = shape.max_length - template.size
    first_is_long = first.counts > second.counts
    shorter = np.minimum(first.counts, second.counts)
    longer = np.maximum(first.counts, second.counts)
    short_part = np.minimum(shorter, room // 2)
    long_room = room - short_part
    step = long_room - shape.stride
    needed = 1 + -(-np.maximum(longer - long_room, 0) // step)
    used = np.minimum(needed, shape.windows)

    row = np.repeat(np.arange(len(used)), used)
    window = _counted(used)
    begin = window * step[row]
    part = np.minimum(long_room[row], longer[row] - begin)
    is_first = first_is_long[row]
    out = np.full((len(used) * shape.windows, shape.max_length), np.nan, dtype=np.float32)
    _fill(
        out,
        row * shape.windows + window,
        template,
        (
            first.ids * 2 + template.types[0],
            first.starts[row] + np.where(is_first, begin, 0),
            np.where(is_first, part, short_part[row]),
        ),
        (
            second.ids * 2 + template.types[1],
            second.starts[row] + np.where(is_first, 0, begin),
            np.where(is_first, short_part[row], part),
        ),
    )
    held = short_part + np.minimum(longer, long_room + (used - 1) * step)
    whole = shorter + longer
    return Arranged(
        out.reshape(len(used), shape.windows * shape.max_length),
        whole + template.size,
        whole - held,
    )


_Parts = tuple[Counts, Counts, Counts]
"""Packed tokens of all texts; where each part of them begins, and how long it is."""


def _fill(out: Floats, lines: Counts, template: Template, first: _Parts, second: _Parts) -> None:
    """Write special tokens and parts of texts into lines of the table."""
    at = np.zeros(len(lines), dtype=np.int64)
    for special, parts in ((template.before, first), (template.between, second)):
        at = _put(out, lines, at, special)
        numbers, begin, size = parts
        line, place = np.repeat(lines, size), _counted(size)
        out[line, np.repeat(at, size) + place] = numbers[np.repeat(begin, size) + place]
        at = at + size
    _put(out, lines, at, template.after)


def _put(out: Floats, lines: Counts, at: Counts, special: tuple[int, ...]) -> Counts:
    """Write the same tokens into every line; where the next go."""
    for number in special:
        out[lines, at] = number
        at = at + 1
    return at


def _counted(counts: Counts) -> Counts:
    """0, 1, … for each of the counts, one after the other."""
    return np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)

"""What the first lines of a CSV file say about how it is written: separator, header, names."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

_SEPARATORS = ",;\t|"
_NAMES = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a vertical bar"}


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is written.

    Attributes
    ----------
    separator : str
        One character.
    has_header : bool
        False when every cell of the first line is a number.
    skips_space : bool
        Whether a space follows the separators.
    header : tuple of str
        The cells of the first line.
    """

    separator: str
    has_header: bool
    skips_space: bool
    header: tuple[str, ...]

    @property
    def separator_name(self) -> str:
        """In words."""
        return _NAMES.get(self.separator, repr(self.separator))


def dialect_of(lines: Sequence[str], separator: str | None = None) -> Dialect:
    """Find out from the first lines.

    Parameters
    ----------
    lines : sequence of str
        Lines of the file, its first one first.
    separator : str, optional
        The separator, when it is known.
    """
    found = separator or _separator(lines)
    header = _cells(lines[:1], found)[0] if lines else []
    return Dialect(
        found, not _all_numbers(header), _is_spaced(lines, found), tuple(map(str.strip, header))
    )


def renamed(dialect: Dialect) -> list[str]:
    """Sentences about names of the header that Spark replaces: empty ones, and repeated ones.

    A name that differs from another in case only is a repeated one.
    """
    if not dialect.has_header:
        return []
    lowered = [name.lower() for name in dialect.header]
    sentences = []
    for name, count in Counter(lowered).items():
        places = [place for place, other in enumerate(lowered) if other == name]
        if not name:
            spark = ", ".join(f"_c{place}" for place in places)
            many = "A column has" if count == 1 else f"{count} columns have"
            sentences.append(f"{many} no name in the header; Spark calls {_them(count)} {spark}.")
        elif count > 1:
            spark = ", ".join(f"{dialect.header[place]}{place}" for place in places)
            sentences.append(
                f"The header has {dialect.header[places[0]]} {count} times (case does not count); "
                f"Spark calls them {spark}."
            )
    return sentences


def _separator(lines: Sequence[str]) -> str:
    """The sniffed one, if it cuts nearly all lines into as many cells; else another, or a comma."""
    try:
        sniffed = str(csv.Sniffer().sniff("\n".join(lines), delimiters=_SEPARATORS).delimiter)
    except csv.Error:
        sniffed = ""
    candidates: list[str] = [*sniffed, *_SEPARATORS]
    return next((one for one in candidates if _cuts_evenly(lines, one)), ",")


def _cuts_evenly(lines: Sequence[str], separator: str) -> bool:
    """Whether the header has several cells, and nearly all lines as many.

    Not all lines: a text in quotes may run over several.
    """
    widths = [len(row) for row in _cells(lines, separator)]
    return widths[0] > 1 and widths.count(widths[0]) > 0.9 * len(widths)


def _cells(lines: Sequence[str], separator: str) -> list[list[str]]:
    try:
        return [row for row in csv.reader(lines, delimiter=separator) if row] or [[]]
    except csv.Error:
        return [[]]


def _is_spaced(lines: Sequence[str], separator: str) -> bool:
    """Whether a space follows nearly all separators, so that it belongs to none of the cells."""
    cells = [cell for row in _cells(lines[1:], separator) for cell in row[1:] if cell]
    return bool(cells) and sum(cell.startswith(" ") for cell in cells) > 0.9 * len(cells)


def _all_numbers(cells: Sequence[str]) -> bool:
    return bool(cells) and all(map(_is_number, cells))


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return cell.strip().lower() not in ("nan", "inf", "-inf", "infinity", "-infinity")


def _them(count: int) -> str:
    return "it" if count == 1 else "them"

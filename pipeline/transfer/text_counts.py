"""What cutting texts to windows cost: how many were cut, by how much, and what would hold them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

_GRAIN = 8  # lengths are counted up to the next multiple of it
_SHARE = 0.99


@dataclass(frozen=True)
class TextCounts:
    """Counts over texts, or pairs of them; they add up.

    Parameters
    ----------
    texts, nulls : int
        Rows, and those whose text, or one of whose texts, is null; a null counts as empty.
    cut_texts : int
        Rows that have tokens in no window.
    tokens, cut_tokens : int
        Tokens of all rows, special ones included, and those that are in no window.
    lengths : mapping of int to int
        Rows by their length in tokens, rounded up to a multiple of 8.
    """

    texts: int = 0
    nulls: int = 0
    cut_texts: int = 0
    tokens: int = 0
    cut_tokens: int = 0
    lengths: Mapping[int, int] = field(default_factory=dict)

    @classmethod
    def of(
        cls, lengths: npt.NDArray[np.int64], cut: npt.NDArray[np.int64], nulls: int
    ) -> TextCounts:
        """The counts of some rows.

        Parameters
        ----------
        lengths, cut : array of int64, shape (rows,)
            Tokens of each row, and those that are in no window.
        nulls : int
            Rows with a null.
        """
        rounded, rows = np.unique(-(-lengths // _GRAIN) * _GRAIN, return_counts=True)
        return cls(
            texts=len(lengths),
            nulls=nulls,
            cut_texts=int(np.count_nonzero(cut)),
            tokens=int(lengths.sum()),
            cut_tokens=int(cut.sum()),
            lengths=dict(zip(rounded.tolist(), rows.tolist(), strict=True)),
        )

    def __add__(self, other: TextCounts) -> TextCounts:
        return TextCounts(
            self.texts + other.texts,
            self.nulls + other.nulls,
            self.cut_texts + other.cut_texts,
            self.tokens + other.tokens,
            self.cut_tokens + other.cut_tokens,
            dict(Counter(self.lengths) + Counter(other.lengths)),
        )

    def length_for(self, share: float = _SHARE) -> int:
        """The smallest multiple of 8 that no less than a share of the texts fit in; 0 of none."""
        held = 0
        for length, rows in sorted(self.lengths.items()):
            held += rows
            if held >= share * self.texts:
                return length
        return 0

    def sentence(self, max_length: int, windows: int, positions: int) -> str:
        """The counts in words.

        Parameters
        ----------
        max_length, windows : int
            What the texts were cut to.
        positions : int
            The longest sequence that the network takes.
        """
        room = f"{max_length} tokens" if windows == 1 else f"{windows} windows of {max_length}"
        parts = [f"{self.texts:,} texts, {_percent(self.cut_texts, self.texts)} longer than {room}"]
        if self.cut_texts:
            parts.append(f"{_percent(self.cut_tokens, self.tokens)} of the tokens were cut")
            wanted = self.length_for()
            advice = f"max_length {wanted} would hold 99 % of the texts"
            if wanted > positions:
                advice = f"99 % of the texts have up to {wanted} tokens"
                advice += f", and the network takes {positions}: use more windows"
            parts.append(advice)
        if self.nulls:
            parts.append(f"{self.nulls:,} were null and count as empty")
        return "; ".join(parts)


def _percent(part: int, whole: int) -> str:
    return f"{part / max(whole, 1):.1%}".replace("%", " %")

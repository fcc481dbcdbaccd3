"""Texts to tokens, exactly as the checkpoint's pre-training cut them.

Nothing here needs Spark: tasks and single predictions use the same `Tokeniser`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from pipeline.errors import DataError, UserError
from pipeline.transfer import tokeniser_files
from pipeline.transfer.text_counts import TextCounts
from pipeline.transfer.token_rows import Floats
from pipeline.transfer.tokeniser_files import TokeniserFiles
from pipeline.transfer.windows import Flat, Shape, arrange

# The library holds some 100 bytes a token until it is asked for the ids; long texts fit so.
_TEXTS_AT_ONCE = 256

Texts = Sequence[str | None]


@dataclass(frozen=True)
class Encoded:
    """Tokenised texts.

    Parameters
    ----------
    rows : array of float32, shape (texts, windows x max_length)
        2 x id + token type for a token, NaN for padding, which stands at each window's end;
        `token_rows` says more.
    counts : TextCounts
        What was cut.
    """

    rows: Floats
    counts: TextCounts


class Tokeniser:
    """The tokeniser of a checkpoint.

    Parameters
    ----------
    found : TokeniserFiles
        Its files.
    max_length : int
        Tokens of a window, special ones included; default 128, at most the network's positions.
    windows : int
        Windows of a row; default 1. A text that is longer than all of them is cut.
    stride : int
        Tokens that a window repeats of the one before; default 0, less than half of what a window
        holds.

    Raises
    ------
    UserError
        For a length, a number of windows or a stride that is not possible.
    ModelError
        When the files cannot be used, or do not fit the network.
    """

    def __init__(
        self, found: TokeniserFiles, max_length: int = 128, windows: int = 1, stride: int = 0
    ) -> None:
        self.limits = tokeniser_files.limits(found)
        self._tokenizer = tokeniser_files.make_tokenizer(found)
        self.special_ids = tokeniser_files.special_ids(found, self._tokenizer)
        self._single, self._pair = (
            tokeniser_files.template(found, self._tokenizer, self.special_ids, is_pair=is_pair)
            for is_pair in (False, True)
        )
        self.shape = Shape(max_length, windows, stride)
        self._require_possible(found.uri)
        self.digest = _digest(found, self.shape)

    @classmethod
    def load(cls, uri: str, max_length: int = 128, windows: int = 1, stride: int = 0) -> Tokeniser:
        """The tokeniser of a checkpoint at a path or URI; arguments as for the class."""
        return cls(tokeniser_files.read_files(uri), max_length, windows, stride)

    @property
    def pad_id(self) -> int:
        """Id of the padding token."""
        return self.special_ids["pad_token"]

    @property
    def width(self) -> int:
        """Numbers of a row: windows x max_length."""
        return self.shape.windows * self.shape.max_length

    def encode(self, texts: Texts, pairs: Texts | None = None) -> Encoded:
        """Tokenise texts, or pairs of them.

        Parameters
        ----------
        texts : sequence of str or None
            None counts as an empty text.
        pairs : sequence of str or None, optional
            The second text of each row. Of two texts that do not fit, the longer one goes on from
            window to window, and the shorter stands in each, up to half of it.

        Raises
        ------
        DataError
            For what is no text, or texts and pairs of unequal number.
        """
        if pairs is not None and len(pairs) != len(texts):
            raise DataError(f"{len(texts)} texts and {len(pairs)} pairs; each text needs one")
        rows = np.empty((len(texts), self.width), dtype=np.float32)
        counts = TextCounts()
        for begin in range(0, len(texts), _TEXTS_AT_ONCE):
            here = slice(begin, begin + _TEXTS_AT_ONCE)
            some = self._encode_some(texts[here], None if pairs is None else pairs[here])
            rows[here] = some.rows
            counts += some.counts
        return Encoded(rows, counts)

    def _encode_some(self, texts: Texts, pairs: Texts | None) -> Encoded:
        is_null = [text is None for text in texts]
        first = self._flat(texts)
        if pairs is None:
            arranged = arrange(self._single, first, _nothing(len(texts)), self.shape)
        else:
            is_null = [null or pair is None for null, pair in zip(is_null, pairs, strict=True)]
            arranged = arrange(self._pair, first, self._flat(pairs), self.shape)
        counts = TextCounts.of(arranged.lengths, arranged.cut, sum(is_null))
        return Encoded(arranged.rows, counts)

    def _flat(self, texts: Texts) -> Flat:
        """Ids of some texts, without special tokens."""
        known = ["" if text is None else text for text in texts]
        try:
            encodings = self._tokenizer.encode_batch_fast(known, add_special_tokens=False)
        except TypeError:
            wrong = next(text for text in known if not isinstance(text, str))
            raise DataError(f"{wrong!r} is no text; a text is a string, or None") from None
        ids = [encoding.ids for encoding in encodings]
        counts = np.fromiter(map(len, ids), dtype=np.int64, count=len(ids))
        total = int(counts.sum())
        return Flat(np.fromiter(chain.from_iterable(ids), np.int64, count=total), counts)

    def _require_possible(self, uri: str) -> None:
        length, windows, stride = self.shape.max_length, self.shape.windows, self.shape.stride
        least = self._pair.size + 2
        if not least <= length <= self.limits.positions:
            raise UserError(
                f"max_length must be from {least} to {self.limits.positions}, the positions that "
                f"{uri} was trained with, not {length}; a longer text takes several windows"
            )
        if windows < 1:
            raise UserError(f"windows must be 1 or more, not {windows}")
        most = (length - self._pair.size + 1) // 2 - 1
        if not 0 <= stride <= most:
            raise UserError(
                f"stride must be from 0 to {most}, less than half of a window of {length} tokens, "
                f"not {stride}"
            )


def _nothing(texts: int) -> Flat:
    """No tokens for so many texts."""
    return Flat(np.zeros(0, dtype=np.int64), np.zeros(texts, dtype=np.int64))


def _digest(found: TokeniserFiles, shape: Shape) -> str:
    """SHA-256 of all that decides what a text becomes."""
    digest = hashlib.sha256(repr(shape).encode())
    for name, content in sorted(found.contents.items()):
        digest.update(f"{name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()

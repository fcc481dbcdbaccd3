"""What a text model's input looks like: columns of text, which become rows of tokens."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from pipeline.data.encoding import Matrix, Table
from pipeline.errors import DataError
from pipeline.transfer.tokenising import Tokeniser


@dataclass(frozen=True)
class TextSchema:
    """How texts become the matrix that a network scores.

    Parameters
    ----------
    tokeniser : Tokeniser
        Of the checkpoint that the network came from.
    columns : tuple of str
        The column of texts, and that of the second ones where there are pairs.
    """

    tokeniser: Tokeniser
    columns: tuple[str, ...]

    def encode(self, table: Table) -> Matrix:
        """Rows of tokens, float32 of shape (rows, windows x max_length), NaN where padded.

        Raises
        ------
        DataError
            For a missing column, or one that holds no text.
        """
        missing = [name for name in self.columns if name not in table.schema.names]
        if missing:
            raise DataError(f"columns missing from the table: {', '.join(missing)}")
        texts = [_texts(table.column(name), name) for name in self.columns]
        return self.tokeniser.encode(*texts).rows


def _texts(column: pa.ChunkedArray | pa.Array, name: str) -> list[str | None]:
    kind = column.type
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind)
    if not is_text:
        raise DataError(f"column {name} holds {kind}; it must hold text")
    return list(column.to_pylist())

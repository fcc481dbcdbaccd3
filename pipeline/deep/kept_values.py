"""What a fixed part gave for rows, kept at a URI: another attempt, or run, reads it there.

It is kept piece by piece, each named by what it follows from: the part with its weights, and the
rows. So a piece of anything else is never read, and what a lost worker had done is done.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence

import numpy as np

from pipeline import files
from pipeline.deep.communication import Rank
from pipeline.deep.inputs import Floats
from pipeline.errors import EnsemblesError
from pipeline.files.damage import DAMAGED

_VALUES = "values"


class KeptValues:
    """The pieces of a rank. That one cannot be read or written is told, and no reason to stop.

    Parameters
    ----------
    uri : str
        Their directory.
    mark : str
        Tells the fixed part, its weights, and how it is called from all others.
    rank : Rank
        Whom trouble is told to.

    Attributes
    ----------
    rows_read : int
        Rows for which the part need not run.
    """

    def __init__(self, uri: str, mark: str, rank: Rank) -> None:
        self._uri = uri
        self._mark = mark
        self._rank = rank
        self._is_readable = self._is_writable = True
        self.rows_read = 0

    def place(self, inputs: Sequence[Floats]) -> str:
        """The URI of a piece.

        Parameters
        ----------
        inputs : sequence of ndarray
            What the part is called with for its rows.
        """
        found = hashlib.sha256(self._mark.encode())
        for each in inputs:
            found.update(repr((each.shape, each.dtype.str)).encode())
            found.update(np.ascontiguousarray(each).data)
        return files.join(self._uri, f"{found.hexdigest()}.npz")

    def read(self, place: str, values: Floats) -> bool:
        """Fill `values`, shape (rows, units), with a piece; False where there is none.

        The first that is there, and that nobody lets us read, is the last that is tried.
        """
        if not self._is_readable:
            return False
        try:
            # The archive has a checksum of each member, which is compared.
            with np.load(io.BytesIO(files.read_bytes(place)), allow_pickle=False) as archive:
                found = archive[_VALUES]
            if found.shape != values.shape:
                raise ValueError(f"its shape is {found.shape}, not {values.shape}")
        except FileNotFoundError:
            return False
        except EnsemblesError as error:
            self._is_readable = False
            self._tell(f"nothing that is kept is read: {error}")
            return False
        except DAMAGED as error:
            self._tell(f"{place} is damaged and is computed again: {error}")
            return False
        values[:] = found
        self.rows_read += len(values)
        return True

    def write(self, place: str, values: Floats) -> None:
        """Keep a piece; the first that cannot be kept is the last that is tried."""
        if not self._is_writable:
            return
        sink = io.BytesIO()
        np.savez(sink, **{_VALUES: values})
        try:
            files.write_bytes(place, sink.getvalue())
        except EnsemblesError as error:
            self._is_writable = False
            self._tell(f"not kept for another attempt: {error}")

    def _tell(self, text: str) -> None:
        told = f"what the part that stays as it is gives: {text}"
        self._rank.report("note", text=told, is_warning=True)

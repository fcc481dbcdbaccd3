"""A model's native files where they lie: read one by one, when they are asked for.

An ensemble of thousands of replicas is larger than what a driver should hold; who copies it, or
needs one file of it, reads no more than that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline import files
from pipeline.errors import ModelError


class StoredFiles(Mapping[str, bytes]):
    """Files of one directory, by name.

    Parameters
    ----------
    uri : str
        The directory.
    listing : mapping of str to (mapping or None)
        The files' names, each with its `sha256` where that is known: it is then checked.
    """

    def __init__(self, uri: str, listing: Mapping[str, Mapping[str, Any] | None]) -> None:
        self.uri = uri
        self._listing = dict(listing)

    def __getitem__(self, name: str) -> bytes:
        """A file's bytes.

        Raises
        ------
        KeyError
            For a name that is not listed.
        ModelError
            When the file is missing or damaged.
        """
        entry = self._listing[name]
        place = files.join(self.uri, name)
        try:
            data = files.read_bytes(place)
        except FileNotFoundError:
            raise ModelError(
                f"{place}: missing; the model is damaged, or was replaced since it was loaded: "
                "load it again"
            ) from None
        if entry is not None and hashlib.sha256(data).hexdigest() != entry["sha256"]:
            raise ModelError(f"{place}: its checksum is not that of the manifest; damaged")
        return data

    def __iter__(self) -> Iterator[str]:
        return iter(self._listing)

    def __len__(self) -> int:
        return len(self._listing)

    def __contains__(self, name: object) -> bool:
        return name in self._listing

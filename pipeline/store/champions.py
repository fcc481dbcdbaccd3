"""The champions of a name: a model directory in which each version is a promotion.

```
<registry>/<name>/v000003-1f0c3a9b/…    a copy of the model's files
<registry>/<name>/v000003.json          its manifest, and under `promotion` why it became champion
```

The newest version is the champion. It is a copy: a job with `if_exists: overwrite` deletes the
version that it replaces, and the output of one day is cleaned up some day, but a champion must be
there as long as it is one. A return to an earlier champion is a new version too, so nothing is ever
rewritten; and of two writers at the same time one wins and the other is told (`store.versions`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from pipeline import files
from pipeline.errors import ModelError, UserError
from pipeline.store import model_directory
from pipeline.store.versions import newest, numbers

RECORD = "promotion"
"""The key of a manifest that holds the record."""

_FORMAT = 1
_NEEDED = {"format", "kind", "trainer", "when"}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_OF_THE_COPY = ("format", "files", "version", "content", RECORD)
_AT_ONCE = 8


@dataclass(frozen=True)
class Champion:
    """A model that is, or was, the champion of a name.

    Attributes
    ----------
    uri : str
        The directory of all champions of the name.
    number : int
        Counts promotions and returns from 1.
    manifest : dict
        The model's manifest, with the record.
    """

    uri: str
    number: int
    manifest: dict[str, Any]

    @property
    def model_uri(self) -> str:
        """The model, by its number: it stays the same when another becomes champion."""
        return f"{self.uri}@{self.number}"

    @property
    def record(self) -> dict[str, Any]:
        """Why, when and against whom it became champion."""
        found: dict[str, Any] = self.manifest[RECORD]
        return found

    @property
    def trainer(self) -> str:
        """The name of the trainer that made it."""
        return str(self.record["trainer"])

    @property
    def title(self) -> str:
        """Which one it is, for a sentence."""
        return f"champion number {self.number} ({self.trainer})"

    @property
    def digest(self) -> str:
        """A name for the model's content."""
        return model_directory.digest(self.manifest)

    @property
    def origin(self) -> int:
        """The number under which this model was promoted: its own, unless it came back."""
        return int(self.record.get("to") or self.number)

    @property
    def facts(self) -> dict[str, Any]:
        """Which champion it is, for the records of others."""
        return {
            "uri": self.model_uri,
            "number": self.number,
            "trainer": self.trainer,
            "digest": self.digest,
        }


def champions_uri(registry: str, name: str) -> str:
    """Where the champions of a name lie.

    Raises
    ------
    UserError
        For a name that cannot be one directory.
    """
    if not is_name(name):
        raise UserError(
            f"{name!r} cannot name a champion: use letters, digits, dots, dashes and underscores; "
            "promotion.name names it otherwise than `name`"
        )
    return files.join(files.absolute(registry), name)


def is_name(name: str) -> bool:
    """Whether champions can be called so."""
    return _NAME.fullmatch(name) is not None


def find(uri: str) -> Champion | None:
    """The present champion; None where none has been promoted.

    Raises
    ------
    ModelError
        When its record is damaged.
    """
    try:
        if newest(uri) is None:
            return None
        return _champion(uri, model_directory.read_metadata(uri))
    except ModelError as error:
        raise _damaged(error) from None


def history(uri: str) -> list[Champion]:
    """All champions of the name, the first one first.

    Raises
    ------
    ModelError
        When a record is damaged.
    """

    def read(number: int) -> Champion:
        return _champion(uri, model_directory.read_metadata(f"{uri}@{number}"))

    try:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(read, numbers(uri)))
    except ModelError as error:
        raise _damaged(error) from None


def enthrone(uri: str, model: str, record: Mapping[str, Any], *, seen: int) -> Champion:
    """Copy a model, which is the champion when the copy is whole.

    Parameters
    ----------
    uri : str
        The directory of the name's champions.
    model : str
        The model's URI, with its version.
    record : mapping
        Why it becomes champion: `kind` (`promotion` or `rollback`), `trainer`, `when`, and more.
    seen : int
        The number of the champion that the decision was made against; 0 for none.

    Raises
    ------
    ConflictError
        When there is another champion by now.
    ModelError
        When the model is gone, or damaged.
    """
    manifest, stored = model_directory.open_stored(model)
    metadata = {key: value for key, value in manifest.items() if key not in _OF_THE_COPY}
    whole = {**metadata, RECORD: {"format": _FORMAT, **record}}
    found = model_directory.publish(uri, stored, whole, if_exists="version", seen=seen)
    return Champion(uri, found.number, found.manifest)


def _champion(uri: str, manifest: dict[str, Any]) -> Champion:
    number, record = manifest.get("version"), manifest.get(RECORD)
    if type(number) is not int or not isinstance(record, dict) or not record.keys() >= _NEEDED:
        raise ModelError(f"{uri}: version {number} has no record of a promotion")
    if record["format"] != _FORMAT:
        raise ModelError(
            f"{uri}: version {number} was recorded in format {record['format']}, this version "
            f"reads format {_FORMAT}"
        )
    return Champion(uri, number, manifest)


def _damaged(error: ModelError) -> ModelError:
    return ModelError(
        f"{error}. Put a sound copy of that manifest there, or delete it: then the one before it "
        "is the champion"
    )

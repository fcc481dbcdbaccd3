"""A directory of files that anybody reads, put in its place whole.

Where a user names the place (`score --output`), there is no manifest to read: the directory itself
must be complete. It is made beside its place and moved there at the end. On a disk and on HDFS that
is a rename; an object store copies file by file, `_SUCCESS` last.

```
<parent>/_<name>.1f0c3a9b.part/owner.json    whose it is, and the name it gets
<parent>/_<name>.1f0c3a9b.part/content/…     the new directory
<parent>/_<name>.1f0c3a9b.part/old/…         what it replaces, while the new one moves in
<parent>/_<name>.1f0c3a9b.part/moving        says that the new one has begun to move in
```

Whatever dies when, the next writer finds from these what is whole, and puts it back.
"""

from __future__ import annotations

import json
import logging
import re
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from pipeline import files
from pipeline.errors import ConflictError, StoreError, UserError
from pipeline.store.owner import is_gone, is_owner, owner
from pipeline.store.versions import IfExists

logger = logging.getLogger(__name__)

MARK = "_emr-ensembles.json"
_MARKS = (MARK, "_SUCCESS")  # moved last
_OWNER = "owner.json"
_MOVING = "moving"
_FOREIGN_LIFETIME_S = 7 * 24 * 3600.0


class PlainDirectory:
    """A directory that is being made; a context manager that leaves nothing when it fails.

    Parameters
    ----------
    uri : str
        Its place.
    if_exists : {"overwrite", "version", "refuse"}
        When an earlier one is there: it goes when this one is whole; or this one is put beside it,
        as `<uri>-v2`; or that is an error.

    Raises
    ------
    UserError
        On entering: when something is there and `if_exists` is `refuse`, or it is not ours.
    """

    def __init__(self, uri: str, if_exists: IfExists) -> None:
        self.uri = files.absolute(uri)
        self._if_exists = if_exists
        self._parent, _, quoted = self.uri.rpartition("/")
        self._name = unquote(quoted)
        self._replaces = False
        self._is_put = False
        self._work = ""

    @property
    def content(self) -> str:
        """URI to write into; it does not exist yet."""
        return files.join(self._work, "content")

    def __enter__(self) -> PlainDirectory:
        self._sweep()
        self._choose_place()
        # Readers of the parent directory pass over names that begin with an underscore.
        name = f"_{self._name}.{uuid.uuid4().hex[:8]}.part"
        self._work = files.join(self._parent, name)
        whose = {**owner(), "name": unquote(self.uri.rpartition("/")[2])}
        files.write_bytes(files.join(self._work, _OWNER), json.dumps(whose).encode())
        return self

    def __exit__(self, *raised: object) -> None:
        try:
            if not self._is_put:
                _put_back(self._work, self.uri)
            files.delete(self._work)
        except StoreError as error:  # the outcome matters more
            logger.warning("%s stays; a later job deletes it: %s", self._work, error)

    def put(self, facts: Mapping[str, object]) -> str:
        """Put the directory in its place; returns its URI.

        Parameters
        ----------
        facts : mapping
            What the mark says, by which a later writer knows that it may replace the directory.

        Raises
        ------
        ConflictError
            When another writer put something there meanwhile.
        StoreError
            When it cannot be moved.
        """
        text = json.dumps(facts, indent=2, default=str)
        files.write_bytes(files.join(self.content, MARK), text.encode() + b"\n")
        old = files.join(self._work, "old")
        if self._replaces and files.exists(self.uri):
            files.move_directory(self.uri, old)
        if files.exists(self.uri):
            raise ConflictError(
                f"{self.uri}: another writer put its output there while this one was at work; this "
                "one was discarded. Give each writer a place of its own"
            )
        files.write_bytes(files.join(self._work, _MOVING), b"")
        files.move_directory(self.content, self.uri)
        self._is_put = True
        return self.uri

    def _choose_place(self) -> None:
        if not files.exists(self.uri) or files.children(self.uri) == []:
            self._replaces = files.exists(self.uri)  # an empty directory is nothing
            return
        if self._if_exists == "refuse":
            raise UserError(
                f"{self.uri}: is there already, and if_exists is refuse; choose another output, or "
                "set if_exists to overwrite or version"
            )
        if self._if_exists == "version":
            number = 2
            while files.exists(f"{self.uri}-v{number}"):
                number += 1
            self.uri = f"{self.uri}-v{number}"
            return
        if not files.exists(files.join(self.uri, MARK)):
            raise UserError(
                f"{self.uri}: is there already and was not written by this job ({MARK} is "
                "missing); not touched. Delete it, or choose another output"
            )
        self._replaces = True

    def _sweep(self) -> None:
        """Put back what killed writers had moved away, and delete what they had begun."""
        begun = re.compile(re.escape(f"_{self._name}.") + r"[0-9a-f]{8}\.part")
        for child in files.children(self._parent):
            if not begun.fullmatch(child):
                continue
            work = files.join(self._parent, child)
            try:
                whose = json.loads(files.read_bytes(files.join(work, _OWNER)))
                if not is_owner(whose) or not is_gone(whose, _FOREIGN_LIFETIME_S):
                    continue
                _put_back(work, self._place_of(whose))
                files.delete(work)
            except (FileNotFoundError, ValueError, StoreError) as error:
                logger.warning("%s, which a killed job left, stays: %s", work, error)

    def _place_of(self, whose: dict[str, Any]) -> str:
        """Where a killed writer was putting its directory: here, or at a version beside it."""
        name = str(whose.get("name", self._name))
        beside = re.compile(re.escape(self._name) + r"-v[0-9]+")
        return files.join(self._parent, name) if beside.fullmatch(name) else self.uri


def _put_back(work: str, place: str) -> None:
    """Undo a move that broke off: no part of a directory stays, and the old one is back."""
    old, content = files.join(work, "old"), files.join(work, "content")
    is_moving = files.exists(files.join(work, _MOVING))
    if not is_moving and not files.exists(old):
        return
    there, before, new = (set(files.names(uri)) for uri in (place, old, content))
    if (is_moving and _is_part(there, new, new)) or _is_part(there, before, before | new):
        files.delete(place)
    if files.exists(old) and not files.exists(place):
        files.move_directory(old, place)


def _is_part(there: set[str], whole: set[str], known: set[str]) -> bool:
    """Whether files are a part of a move: a mark is missing, and no stranger's file is there.

    The marks are moved last and deleted first, so what lacks one that the other has is not whole.
    """
    lacking = any(mark in whole and mark not in there for mark in _MARKS)
    return lacking and there <= known

"""A directory of files that anybody reads, put in its place whole.

Where a user names the place (`score --output`), there is no manifest to read: the directory itself
must be complete. It is made beside its place and moved there at the end. On a disk and on HDFS that
is a rename; an object store copies file by file, `_SUCCESS` last.
"""

from __future__ import annotations

import json
import logging
import re
import uuid
from collections.abc import Mapping

from pipeline import files
from pipeline.errors import ConflictError, StoreError, UserError
from pipeline.store.owner import is_gone, is_owner, owner
from pipeline.store.versions import IfExists

logger = logging.getLogger(__name__)

MARK = "_emr-ensembles.json"
_OWNER = "owner.json"
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
        self._replaces = False
        self._work = ""

    @property
    def content(self) -> str:
        """URI to write into; it does not exist yet."""
        return files.join(self._work, "content")

    def __enter__(self) -> PlainDirectory:
        parent, _, name = self.uri.rpartition("/")
        self._sweep(parent, name)
        self._choose_place()
        # Readers of the parent directory pass over names that begin with an underscore.
        self._work = f"{parent}/_{name}.{uuid.uuid4().hex[:8]}.part"
        files.write_bytes(files.join(self._work, _OWNER), json.dumps(owner()).encode())
        return self

    def __exit__(self, *raised: object) -> None:
        try:
            files.delete(self._work)
        except StoreError as error:  # the outcome matters more
            logger.warning("%s was not deleted: %s", self._work, error)

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
        files.move_directory(self.content, self.uri)
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

    def _sweep(self, parent: str, name: str) -> None:
        """Put back what a killed writer had moved away, and delete what it had begun."""
        begun = re.compile(re.escape(f"_{name}.") + r"[0-9a-f]{8}\.part")
        for child in files.children(parent):
            if not begun.fullmatch(child):
                continue
            work = f"{parent}/{child}"
            try:
                whose = json.loads(files.read_bytes(files.join(work, _OWNER)))
                if not is_owner(whose) or not is_gone(whose, _FOREIGN_LIFETIME_S):
                    continue
                old = files.join(work, "old")
                if files.exists(old) and not files.exists(self.uri):
                    files.move_directory(old, self.uri)
                files.delete(work)
            except (FileNotFoundError, ValueError, StoreError) as error:
                logger.warning("%s, which a killed job left, stays: %s", work, error)
